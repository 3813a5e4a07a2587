"""Every link, picture, command, key and message of the manual is held against the program."""

from __future__ import annotations

import argparse
import ast
import json
import re
import shlex
from collections.abc import Iterator
from importlib import import_module

import pytest
from PySide6.QtWidgets import QApplication

from gui.actions import ROWS
from gui.frame.panel_table import PANELS
from gui.manual.pages import PAGES, Page, found, page_of, read_manual, slug
from gui.manual.printed import as_pdf
from gui.settings import SCHEMA
from imaging.errors import Code
from imaging.paths import manual_path
from main import COMMANDS, arguments_of

MANUAL = manual_path()
ROOT = MANUAL.parents[1]
COMMAND = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def manual() -> dict[str, Page]:
    return read_manual()


def commands() -> Iterator[str]:
    for name in PAGES:
        for block in COMMAND.findall((MANUAL / f"{name}.md").read_text(encoding="utf-8")):
            yield from block.splitlines()


def table(page: str) -> list[list[str]]:
    """The cells of every row of every table of a page."""
    lines = (MANUAL / f"{page}.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]


def test_the_list_of_pages_is_the_folder() -> None:
    assert sorted(PAGES) == sorted(path.stem for path in MANUAL.glob("*.md"))


def test_every_link_leads_to_a_page_and_a_heading_of_the_manual(manual: dict[str, Page]) -> None:
    for page in manual.values():
        for link in page.links:
            target, _, anchor = link.partition("#")
            name = target.removesuffix(".md") or page.name
            assert name in manual, f"{page.name}: {link}"
            assert not anchor or anchor in manual[name].anchors, f"{page.name}: {link}"


def test_every_page_is_reached_from_the_first(manual: dict[str, Page]) -> None:
    seen, waiting = set(), ["index"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [link.partition("#")[0].removesuffix(".md") or name for link in manual[name].links]
    assert seen == set(PAGES)


def test_every_topic_of_f1_is_there(manual: dict[str, Page]) -> None:
    from gui.manual import topics

    single = (topics.CARD, topics.CHECK, topics.SEEN, topics.SETTINGS, topics.KEYS, topics.EMPTY, topics.READING)
    for topic in (*(row.topic for row in PANELS), *topics.WIZARD, *single):
        name, _, anchor = topic.partition("#")
        assert not anchor or anchor in manual[name].anchors, topic


def test_every_picture_is_made_by_a_command_that_parses(manual: dict[str, Page]) -> None:
    made = json.loads((MANUAL / "pictures.json").read_text(encoding="utf-8"))
    shown = {picture for page in manual.values() for picture in page.pictures}
    assert shown == {f"pictures/{name}.png" for name in made}
    for name, words in made.items():
        options = parsed(["snapshot", *words, "--out", f"{name}.png"])
        assert str(options.paths[0]).partition("/")[0] in ("films", "labelled practice films", "runs")


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_every_command_parses(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "negatoscope"
    if not {"--help", "--version"} & {*words}:  # which leave
        parsed(words)


def parsed(words: list[str]) -> argparse.Namespace:
    """The options of a command line as the program itself reads them; a mistake ends the test."""
    module, parser, rest = arguments_of(words)
    import_module(module).add_arguments(parser)
    return parser.parse_args(rest)


def test_the_page_of_commands_has_a_heading_for_each(manual: dict[str, Page]) -> None:
    headings = " ".join(manual["commands"].anchors)
    assert all(command.word in headings for command in COMMANDS)


def test_the_quick_card_names_every_key() -> None:
    cells = {
        key for row in table("quick-card") for cell in row for part in cell.split(" · ") for key in part.split(", ")
    }
    keys = {key for row in ROWS for key in row.shortcuts}
    assert keys <= cells, f"missing: {keys - cells}"


def test_the_site_page_names_every_setting() -> None:
    named = {row[0].strip("`") for row in table("administration")}
    assert {row.key for row in SCHEMA} <= named


def written_refusals() -> Iterator[tuple[str, str]]:
    """The code and the sentence of every refusal in the source, '…' for what is filled in; by reading the source, so
    that none is forgotten.
    """
    for path in (*ROOT.joinpath("imaging").rglob("*.py"), *ROOT.joinpath("inference").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {
            target.id: template(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))):
            own = {**words, **assigned(scope)}
            for node in ast.walk(scope):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FilmError":
                    code, sentence = node.args[:2] if len(node.args) > 1 else (None, None)
                    said = own.get(sentence.id, "") if isinstance(sentence, ast.Name) else template(sentence)
                    if isinstance(code, ast.Attribute) and said and scope is not tree:
                        yield Code[code.attr].value, said


def assigned(scope: ast.AST) -> dict[str, str]:
    """The texts that names stand for within a function."""
    found: dict[str, str] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = template(node.value)
    return found


def template(node: ast.AST | None) -> str:
    """A text of the source with '…' for each thing that is filled in; '' for anything but a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "…" for part in node.values)
    return ""


def test_the_troubleshooting_page_has_every_code_and_its_sentences() -> None:
    told = {row[0].strip("`"): row[1] for row in table("troubleshooting") if row[0].startswith("`")}
    assert set(told) == {code.value for code in Code}
    written = set(written_refusals())
    assert len(written) > 20
    for code, sentence in written:
        sentences = re.split(r"(?<=\.) (?=[A-Z])", told[code])
        patterns = [".+".join(map(re.escape, known.split("…"))) for known in sentences]
        known = any(re.fullmatch(pattern, sentence) for pattern in patterns)
        assert known, f"docs/manual/troubleshooting.md lacks under {code}: {sentence}"


def test_the_other_messages_stand_in_the_program() -> None:
    """Each message of the page is looked for in the source, by its longest part without a gap."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for room in ("gui", "imaging", "inference", "training")
        for path in ROOT.joinpath(room).rglob("*.py")
    )
    joined = re.sub(r'"\s*\n?\s*f?"', "", source)
    rows = [row for row in table("troubleshooting") if not row[0].startswith("`") and row[0].endswith(".")]
    assert len(rows) > 20
    for row in rows:
        for sentence in re.split(r"(?<=\.) (?=[A-Z])", row[0]):
            longest = max(re.split("…", sentence), key=len)
            assert longest in joined, sentence


def test_headings_make_anchors_and_tables_are_read() -> None:
    page = page_of("x", "# A title, or two\n\n| a | b |\n| --- | --- |\n| [l](y.md#z) | ![p](pictures/q.png) |\n")
    assert (page.title, page.anchors, page.links, page.pictures) == (
        "A title, or two",
        ("a-title-or-two",),
        ("y.md#z",),
        ("pictures/q.png",),
    )
    assert 'id="a-title-or-two"' in page.html
    assert slug("Heat map") == "heat-map"


def test_no_markup_of_its_own_gets_in() -> None:
    assert "<script>" not in page_of("x", "# T\n\n<script>alert(1)</script>\n").html


def test_the_search_finds_pages_by_their_words(manual: dict[str, Page]) -> None:
    assert found(manual, "") == PAGES
    assert found(manual, "usb stick") == ("administration",)
    assert found(manual, "privacy")[0] == "privacy"
    assert found(manual, "xyzzy") == ()


def test_the_quick_card_fits_on_one_page(themed: QApplication, manual: dict[str, Page]) -> None:
    sheets = {name: as_pdf(manual[name], {}).count(b"/Type /Page\n") for name in ("quick-card", "troubleshooting")}
    assert sheets["quick-card"] == 1
    assert sheets["troubleshooting"] > 1
