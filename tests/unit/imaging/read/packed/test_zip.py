"""Films in ZIP archives: found, decoded, rendered; nothing escapes, nothing swells."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging import render_command
from imaging.errors import Code, FilmError
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, MIB
from imaging.read.look import Found, Refused
from imaging.read.packed import zips
from tests import dicom_files as make
from tests.commands import commanded
from tests.packed_films import PIXELS, codes, film_bytes, found_in, picture_bytes, refused, scanned, zipped


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.DEFLATED, make.JPEG_LS])
def test_films_are_found_and_decoded(tmp_path: Path, method: int, syntax: str) -> None:
    data = film_bytes(tmp_path, transfer_syntax=syntax)
    archive = zipped(tmp_path / "films.zip", {"a/film.dcm": data, "b.png": picture_bytes()}, method)
    film, picture = scanned(archive)
    assert isinstance(film, Found)
    assert isinstance(picture, Found)
    assert (film.path, film.kind, picture.kind) == (archive / "a" / "film.dcm", "dicom", "raster")
    assert film.header is not None
    assert film.header.patient_name == "Test, Film"
    np.testing.assert_array_equal(decode(film.ref).pixels, PIXELS)
    np.testing.assert_array_equal(decode(picture.ref).pixels, make.film(bits=8))


def test_the_order_is_that_of_a_folder_and_the_hidden_stay_hidden(tmp_path: Path) -> None:
    data = picture_bytes()
    names = ("film 10.png", "film 2.png", "b/x.png", "a 10/x.png", "a 2/x.png", "a 2/deeper/y.png")
    hidden = ("__MACOSX/film 2.png", ".DS_Store", "a 2/._x.png")
    archive = zipped(tmp_path / "films.zip", dict.fromkeys(names + hidden, data))
    assert found_in(archive) == [
        "a 2/deeper/y.png", "a 2/x.png", "a 10/x.png", "b/x.png", "film 2.png", "film 10.png",
    ]  # fmt: skip


def test_an_archive_in_a_folder_is_walked_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "2.zip", {"x.png": picture_bytes()})
    for name in ("1.png", "3.png"):
        (tmp_path / "in" / name).write_bytes(picture_bytes())
    assert found_in(tmp_path / "in") == ["1.png", "2.zip/x.png", "3.png"]


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    assert found_in(zipped(tmp_path / "films.dat", {"x.png": picture_bytes()})) == ["x.png"]
    (tmp_path / "film.zip").write_bytes(picture_bytes())
    assert isinstance(scanned(tmp_path / "film.zip")[0], Found)


def test_names_in_other_spellings(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", dict.fromkeys(["./a.png", "b\\c.png", "Плёнка.png"], picture_bytes()))
    assert found_in(archive) == ["b/c.png", "a.png", "Плёнка.png"]


@pytest.mark.parametrize("name", ["../film.png", "a/../../film.png", "/film.png", "C:/film.png", "..\\film.png"])
def test_names_that_point_outside(tmp_path: Path, name: str) -> None:
    (tmp_path / "film.png").write_bytes(picture_bytes())
    results = scanned(zipped(tmp_path / "films.zip", {name: picture_bytes(), "x.png": picture_bytes()}))
    assert codes(results) == [Code.OUTSIDE]
    assert len(results) == 2


def test_many_names_that_point_outside_are_one_refusal(tmp_path: Path) -> None:
    names = [f"../{number}.png" for number in range(1500)]
    *films, last = scanned(zipped(tmp_path / "films.zip", dict.fromkeys([*names, "x.png", "y.png"], picture_bytes())))
    assert [item.path.name for item in films] == ["x.png", "y.png"]
    assert isinstance(last, Refused)
    assert (last.path.name, last.error.code) == ("films.zip", Code.OUTSIDE)
    assert "lists 1,500 files that lie outside of it" in last.error.message


def test_a_film_that_swells(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"bomb": film_bytes(tmp_path) + bytes(32 * MIB)})
    assert archive.stat().st_size < MIB
    assert refused(archive / "bomb", replace(DEFAULT_LIMITS, max_inflated_bytes=MIB)).code is Code.TOO_LARGE


def test_more_members_than_may_be(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {f"{index}": b"" for index in range(50)})
    for few in (replace(DEFAULT_LIMITS, max_members=49), replace(DEFAULT_LIMITS, max_directory_bytes=999)):
        with pytest.raises(FilmError) as refusal:
            zips.directory(archive, few)
        assert refusal.value.code is Code.TOO_LARGE
    assert len(zips.directory(archive, DEFAULT_LIMITS)) == 50


def test_members_that_share_their_bytes_cost_one_film_each(tmp_path: Path) -> None:
    """As in the bombs of Fifield 2019: every film is bounded by itself, and only what is looked at is unpacked."""
    archive = zipped(tmp_path / "films.zip", {"a": bytes(4 * MIB), "b": bytes(4 * MIB)})
    data = archive.read_bytes()
    second = data.rindex(b"PK\x01\x02")
    archive.write_bytes(data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :])
    assert codes(scanned(archive)) == [Code.NOT_A_FILM] * 3


@pytest.mark.parametrize("damage", ["sum", "cut", "no header", "member"])
def test_damage(tmp_path: Path, damage: str) -> None:
    archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)}, zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    if damage == "sum":
        data[len(data) // 2] ^= 1  # a pixel
    elif damage == "cut":
        del data[-40:]
    elif damage == "no header":
        data[0:4] = bytes(4)
    else:
        data[data.rindex(b"PK\x01\x02") + 10] = 99  # the method
    archive.write_bytes(bytes(data))
    assert refused(archive / "film").code is (Code.UNSUPPORTED if damage == "member" else Code.CORRUPT)


def test_a_cut_archive_is_refused_as_a_whole(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)})
    archive.write_bytes(archive.read_bytes()[:-40])
    (only,) = scanned(archive)
    assert isinstance(only, Refused)
    assert (only.path, only.error.code) == (archive, Code.CORRUPT)


def test_a_password(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)})
    data = bytearray(archive.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(bytes(data))
    error = refused(archive / "film")
    assert (error.code, "password" in error.message) == (Code.UNSUPPORTED, True)


def test_an_archive_in_an_archive_is_not_entered(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"x.png": picture_bytes()}).read_bytes()
    outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner})
    assert codes(scanned(outer)) == [Code.NOT_A_FILM, Code.NOT_A_FILM]


def test_nothing_in_it(tmp_path: Path) -> None:
    (only,) = scanned(zipped(tmp_path / "films.zip", {}))
    assert isinstance(only, Refused)
    assert only.error.message == "There are no films in this archive."


def test_what_is_not_there(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)})
    assert refused(archive / "other").code is Code.MISSING
    assert refused(tmp_path / "nowhere.zip" / "film").code is Code.MISSING


def test_an_archive_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"a": picture_bytes()})
    assert found_in(archive) == ["a"]
    zipped(archive, {"other": picture_bytes(), "more": picture_bytes()})
    assert found_in(archive) == ["more", "other"]


def test_the_sum_of_a_deflated_member_counts_to_its_last_byte(tmp_path: Path) -> None:
    data = film_bytes(tmp_path)
    archive = zipped(tmp_path / "films.zip", {"film": data})
    packed = bytearray(archive.read_bytes())
    entry = packed.rindex(b"PK\x01\x02")
    packed[entry + 16 : entry + 20] = struct.pack("<I", zlib.crc32(data) ^ 1)
    archive.write_bytes(bytes(packed))
    assert refused(archive / "film").code is Code.CORRUPT


def rendered(path: Path, out: Path) -> tuple[int, str]:
    done = commanded(render_command, path, "--out", out)
    return done.status, done.err


def test_the_only_film_of_an_archive(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"notes.txt": b"notes", "a/film": picture_bytes()})
    assert rendered(archive, tmp_path / "out.png") == (0, "")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), make.film(bits=8))


def test_one_of_several(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "films.zip", {"a": picture_bytes(), "b": picture_bytes()})
    status, said = rendered(archive, tmp_path / "out.png")
    assert (status, "films.zip holds 2 films" in said, str(archive / "a") in said) == (2, True, True)
    assert rendered(archive / "b", tmp_path / "out.png")[0] == 0


def test_none(tmp_path: Path) -> None:
    status, said = rendered(zipped(tmp_path / "films.zip", {"a": b"text"}), tmp_path / "out.png")
    assert (status, said) == (3, "There are no films in this archive.\n")
