"""Films packed by gzip."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from imaging.errors import Code
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, MIB
from imaging.read.look import Found
from imaging.read.packed.source import film_sha256
from imaging.study import ImageRef
from tests import dicom_files as make
from tests.packed_films import PIXELS, film_bytes, picture_bytes, refused, scanned, zipped


@pytest.mark.parametrize("kind", ["dicom", "png"])
def test_a_packed_film(tmp_path: Path, kind: str) -> None:
    data = film_bytes(tmp_path) if kind == "dicom" else picture_bytes()
    path = tmp_path / "film.gz"
    path.write_bytes(gzip.compress(data))
    (found,) = scanned(path)
    assert isinstance(found, Found)
    assert decode(found.ref).pixels.shape == PIXELS.shape


def test_the_end_is_missing(tmp_path: Path) -> None:
    path = make.write_dicom(tmp_path / "film", make.film(200, 200, bits=16))
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed[: len(packed) // 2])
    assert 0.3 < decode(ImageRef(path)).complete < 0.7


def test_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "film.gz"
    path.write_bytes(gzip.compress(film_bytes(tmp_path) + bytes(32 * MIB)))
    assert refused(path, replace(DEFAULT_LIMITS, max_inflated_bytes=MIB)).code in (Code.TOO_LARGE,)


def test_a_packed_archive_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "films.tar.gz"
    path.write_bytes(gzip.compress(b"folder/film" + bytes(600)))
    assert refused(path).code is Code.NOT_A_FILM


def test_a_film_has_one_name_packed_or_not(tmp_path: Path) -> None:
    plain, packed = tmp_path / "film", tmp_path / "film.gz"
    plain.write_bytes(picture_bytes())
    packed.write_bytes(gzip.compress(picture_bytes()))
    archive = zipped(tmp_path / "films.zip", {"film": picture_bytes()})
    assert film_sha256(plain) == film_sha256(packed) == film_sha256(archive / "film")
