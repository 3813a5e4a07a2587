"""The pages of the manual: Markdown in `docs/manual`, turned into HTML for the help window and for the static site."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.errors import NegatoscopeError
from imaging.paths import manual_path

if TYPE_CHECKING:
    from markdown_it.token import Token

# In the order of the list; each is a file of this name.
PAGES = (
    "index",
    "first-minutes",
    "reading",
    "scores",
    "training",
    "judging",
    "sharing",
    "administration",
    "privacy",
    "commands",
    "troubleshooting",
    "quick-card",
)
PICTURES = "pictures"  # the folder beside the pages; packaging/manual.py makes what is in it
MISSING = "The manual is missing from the program's folder."
_TAGS = re.compile(r"<[^>]+>")
_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")

Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `html` is the inside of a body, `anchors` its headings' names; links and pictures stand as written."""

    name: str
    title: str
    html: str
    anchors: tuple[str, ...]
    links: tuple[str, ...]
    pictures: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words without the marks, for searching."""
        return unescape(_TAGS.sub(" ", self.html))


def read_manual(folder: Path | None = None, link: Link = lambda target: target) -> dict[str, Page]:
    """Every page by name, in the order of the list; `link` rewrites the targets of links.

    Raises NegatoscopeError where the manual is not there.
    """
    place = folder or manual_path()
    try:
        written = {name: (place / f"{name}.md").read_text(encoding="utf-8") for name in PAGES}
    except OSError as error:
        raise NegatoscopeError(MISSING, detail=type(error).__name__) from error
    return {name: page_of(name, text, link) for name, text in written.items()}


def page_of(name: str, markdown: str, link: Link = lambda target: target) -> Page:
    """One page from its Markdown: CommonMark and tables, no HTML of its own."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    anchors: list[str] = []
    links: list[str] = []
    pictures: list[str] = []
    title = ""
    for opening, inside in pairwise(tokens):
        if opening.type == "paragraph_open" and [part.type for part in inside.children or ()] == ["image"]:
            opening.attrSet("class", "picture")
        if opening.type == "heading_open":
            title = title or inside.content
            anchors.append(slug(inside.content))
            opening.attrSet("id", anchors[-1])
    for token in tokens:
        if token.type == "table_open":
            token.attrs.update({"cellspacing": "0", "cellpadding": "6", "width": "100%"})
        elif token.type == "fence":
            token.content = token.content.rstrip("\n")  # Qt would show another line
        for part in token.children or ():
            _note(part, link, links, pictures)
    html = reader.renderer.render(tokens, reader.options, {})
    return Page(name, title, html, tuple(anchors), tuple(links), tuple(pictures))


def without_pictures(page: Page, missing: Collection[str]) -> Page:
    """The page with the words of these pictures in their places: in the source they may not have been made yet."""
    html = page.html
    for picture in missing:
        html = re.sub(rf'<img src="{re.escape(picture)}" alt="([^"]*)" />', r"<em>(Picture: \1)</em>", html)
    return replace(page, html=html)


def _note(part: Token, link: Link, links: list[str], pictures: list[str]) -> None:
    if part.type == "link_open":
        target = str(part.attrGet("href"))
        links.append(target)
        part.attrSet("href", link(target))
    elif part.type == "image":
        pictures.append(str(part.attrGet("src")))


def slug(heading: str) -> str:
    """'Heat maps, and what they mean' as 'heat-maps-and-what-they-mean'."""
    return _NOT_A_LETTER.sub("-", heading.lower()).strip("-")


def found(pages: Mapping[str, Page], words: str) -> tuple[str, ...]:
    """The pages that hold all of these words, those that name one in their title first; all pages for no words."""
    wanted = words.lower().split()
    holding = [page for page in pages.values() if all(word in page.text.lower() for word in wanted)]
    titled = [page for page in holding if any(word in page.title.lower() for word in wanted)]
    return tuple(page.name for page in (*titled, *(page for page in holding if page not in titled)))
