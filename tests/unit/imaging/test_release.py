"""What a frozen program knows of itself."""

from __future__ import annotations

from pathlib import Path

from imaging.release import VERSION, Release, release


def test_from_source_there_is_no_flavour(tmp_path: Path) -> None:
    assert release() == release(tmp_path / "release.json") == Release("source")
    assert release().words == f"{VERSION}, source"


def test_a_frozen_program_names_its_flavour_and_commit(tmp_path: Path) -> None:
    place = tmp_path / "release.json"
    place.write_text('{"flavour": "viewer", "commit": "0123456789abcdef"}', encoding="utf-8")
    assert release(place) == Release("viewer", "0123456789abcdef")
    assert release(place).words == f"{VERSION}, viewer, 0123456789"
