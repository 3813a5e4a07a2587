"""The manual as a static site: one command writes it, and every link within it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import manual
from gui.manual.pages import PAGES
from gui.theme import apply_theme


@pytest.fixture
def site(qapp: QApplication, tmp_path: Path) -> Path:
    if not qapp.styleSheet():
        apply_theme(qapp)
    manual.make_site(tmp_path / "site")
    return tmp_path / "site"


def test_each_page_links_to_pages_that_there_are(site: Path) -> None:
    assert {path.stem for path in site.glob("*.html")} == set(PAGES)
    for path in site.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r'href="([^"#]*)(?:#[^"]*)?"', text):
            assert not target or (site / target).is_file(), f"{path.name}: {target}"
        assert "http" not in re.sub(r"<!doctype html>", "", text), "nothing is fetched from elsewhere"
    assert (site / "quick-card.pdf").read_bytes().startswith(b"%PDF-")


def test_pictures_are_made_of_the_programs_own_drawn_films_alone() -> None:
    for words in manual.picture_table().values():
        assert words[0] in ("films", "labelled practice films", "runs/practice")


def test_pictures_of_another_commit_or_of_a_build_that_was_broken_off_do_not_count(tmp_path: Path) -> None:
    assert not manual.are_made(tmp_path, "abc")
    (tmp_path / "viewer.png").touch()
    assert not manual.are_made(tmp_path, "abc"), "nobody knows whether it is all of them"
    (tmp_path / manual.COMMIT).write_text("abc\n", encoding="utf-8")
    assert manual.are_made(tmp_path, "abc")
    assert not manual.are_made(tmp_path, "def")
    assert not manual.are_made(tmp_path, ""), "outside of a repository they are made each time"
