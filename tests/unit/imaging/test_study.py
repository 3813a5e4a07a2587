"""Natural order, and films gathered into studies."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest

from imaging.image import Header
from imaging.read.look import Found
from imaging.study import ImageRef, group, natural_key


def test_natural_order() -> None:
    names = ["film 10", "Film 2", "film 1", "film 02", "b", "2", "10", "²", "٣", "9" * 5000]
    ordered = sorted(names, key=natural_key)
    assert ordered[:3] == ["2", "10", "9" * 5000]
    assert ordered.index("film 1") < ordered.index("Film 2") < ordered.index("film 02") < ordered.index("film 10")


def test_names_are_compared_part_by_part() -> None:
    """By kind (end, number, text), then numbers by length and digits, texts without case; case decides last."""

    def parts(text: str) -> tuple[tuple[int, int, str], ...]:
        found = re.findall(r"[0-9]+|[^0-9]+", text)
        keys = [(0, len(p.lstrip("0")), p.lstrip("0")) if p[0] in "0123456789" else (1, 0, p.casefold()) for p in found]
        return (*keys, (-1, 0, text))

    generator = random.Random(1)
    names = ["".join(generator.choices("aAbB019 .-\x01ßé", k=generator.randint(0, 6))) for _ in range(3000)]
    assert sorted(names, key=natural_key) == sorted(names, key=parts)


def test_a_reference_is_its_path_and_frame() -> None:
    assert ImageRef(Path("a"), 1, uid="1.2") == ImageRef(Path("a"), 1)
    assert ImageRef(Path("a"), 1) != ImageRef(Path("a"), 2)


def found(path: str, frames: int = 1, **header: Any) -> Found:
    return Found(ImageRef(Path(path)), "dicom" if header else "raster", Header(**header) if header else None, frames)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_utf_8_have_keys_of_their_own_that_are() -> None:
    names = (b"film.png", b"film\xff.png", b"film\xfe.png")
    keys = [ImageRef(Path(os.fsdecode(name)), frame).key for name in names for frame in (0, 1)]
    assert len({key.encode() for key in keys}) == 6


def test_dicom_by_study_and_pictures_by_folder() -> None:
    studies = group(
        [
            found("x/b.png"),
            found("x/1", study_uid="1.2", instance_number="10", patient_name="Doe, J", study_date="2026-11-21"),
            found("x/a.png"),
            found("y/2", study_uid="1.2", instance_number="9"),
            found("y/c.png"),
        ]
    )
    assert [(study.uid, study.title, study.date) for study in studies] == [
        ("x", "x", ""),
        ("1.2", "Doe, J", "2026-11-21"),
        ("y", "y", ""),
    ]
    assert [ref.path.as_posix() for ref in studies[0].refs] == ["x/a.png", "x/b.png"]
    assert [ref.path.as_posix() for ref in studies[1].refs] == ["y/2", "x/1"]


def test_every_frame_is_a_film() -> None:
    (study,) = group([found("x/a", frames=3, study_uid="1.2")])
    assert [ref.frame for ref in study.refs] == [0, 1, 2]
