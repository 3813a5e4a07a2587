"""A report as a row of blocks, written as Markdown or as one HTML page."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from imaging.atomic import replace_file
from imaging.errors import NegatoscopeError

_STYLE = """body{font:15px/1.5 Inter,system-ui,sans-serif;color:#1a1e24;max-width:980px;margin:40px auto;padding:0 24px}
h1{font-size:26px}h2{font-size:19px;margin-top:36px;border-bottom:1px solid #d5dae1}h3{font-size:16px}
table{border-collapse:collapse;margin:12px 0;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px;border-bottom:1px solid #e3e7ec;text-align:right}
th{color:#5a6472;font-weight:600}td:first-child,th:first-child{text-align:left}
figure{display:inline-block;margin:8px 16px 8px 0;vertical-align:top}figcaption{color:#5a6472;font-size:13px}"""


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 1 for the report, 2 for a section, 3 within one."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A line of headings, then rows as long as it."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot as SVG, and its caption."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A film as PNG, and its caption."""

    png: bytes
    caption: str


Block = Heading | Text | Table | Figure | Picture


def as_html(blocks: Sequence[Block]) -> str:
    """One page that needs no other file."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join(_html(block) for block in blocks)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def as_markdown(blocks: Sequence[Block], folder: str) -> str:
    """The same; figures and pictures are named where `write_report` puts them, in `folder` beside the file."""
    written, drawn = [], 0
    for block in blocks:
        if isinstance(block, Figure | Picture):
            drawn += 1
            written.append(f"![{_plain(block.caption)}](<{folder}/{_file_name(drawn, block)}>)")
        else:
            written.append(_markdown(block))
    return "\n\n".join(written) + "\n"


def write_report(blocks: Sequence[Block], place: Path) -> None:
    """Write a report: HTML where the name ends so, else Markdown with a folder of figures. Raises NegatoscopeError."""
    try:
        if place.suffix.casefold() in (".html", ".htm"):
            replace_file(place, as_html(blocks))
            return
        folder = place.with_name(f"{place.stem} figures")
        drawn = [block for block in blocks if isinstance(block, Figure | Picture)]
        folder.mkdir(exist_ok=True)
        for number, block in enumerate(drawn, start=1):
            content = block.png if isinstance(block, Picture) else block.svg.encode("utf-8")
            (folder / _file_name(number, block)).write_bytes(content)
        replace_file(place, as_markdown(blocks, folder.name))
    except OSError as error:
        raise NegatoscopeError("The report can't be written there.", detail=type(error).__name__) from error


def _file_name(number: int, block: Figure | Picture) -> str:
    return f"figure-{number:02d}.{'png' if isinstance(block, Picture) else 'svg'}"


def _html(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Figure(svg, caption):
            return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        case Picture(png, caption):
            source = f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
            film = f'<img src="{source}" alt="{escape(caption)}">'
            return f"<figure>{film}<figcaption>{escape(caption)}</figcaption></figure>"
        case Table(headings, rows):
            head = "".join(f"<th>{escape(cell)}</th>" for cell in headings)
            body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows)
            return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _markdown(block: Heading | Text | Table) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {_plain(text)}"
        case Text(text):
            return _plain(text)
        case Table(headings, rows):
            lines = ["| " + " | ".join(_plain(cell) for cell in row) + " |" for row in (headings, *rows)]
            return "\n".join([lines[0], "|" + " --- |" * len(headings), *lines[1:]])


def _plain(text: str) -> str:
    """Words that may be a user's, with nothing in them that Markdown would take for its own."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", text.replace("\n", " "))
