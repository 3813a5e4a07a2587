"""`imaging.atomic`: files that are whole or not there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from imaging.atomic import replace_file


def test_a_file_is_replaced_whole_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "report.md"
    replace_file(place, "first")
    replace_file(place, "Gr\u00f6\u00dfe")
    assert place.read_text(encoding="utf-8") == "Gr\u00f6\u00dfe"
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "report.md"
    replace_file(place, "first")
    with pytest.raises(UnicodeEncodeError):
        replace_file(place, "\ud800")
    assert place.read_text(encoding="utf-8") == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


@pytest.mark.skipif(sys.platform == "win32", reason="rights are those of the folder there")
def test_colleagues_may_read_what_any_new_file_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "report.md", "for all of the group")
    finally:
        os.umask(before)
    assert (tmp_path / "report.md").stat().st_mode & 0o777 == 0o640
