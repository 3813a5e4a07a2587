"""Films in ZIP archives, gzip files and on discs: found, decoded, rendered; nothing escapes, nothing swells."""

from __future__ import annotations

import gzip
import io
import os
import struct
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from imaging import render_command
from imaging.errors import Code, FilmError
from imaging.progress import CancelToken
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS, MIB, Limits
from imaging.read.look import Found, Refused
from imaging.read.packed import zips
from imaging.read.packed.source import film_sha256
from imaging.read.scan import scan
from imaging.study import ImageRef
from tests import dicom_files as make
from tests.commands import commanded

PIXELS = make.film(bits=12)


def film_bytes(folder: Path, **options: object) -> bytes:
    return make.write_dicom(folder / "made", PIXELS, bits_stored=12, **options).read_bytes()


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def picture_bytes() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(make.film(bits=8)).save(stream, "PNG")
    return stream.getvalue()


def scanned(*paths: Path) -> list[Found | Refused]:
    return list(scan(paths, CancelToken()))


def found_in(*paths: Path) -> list[str]:
    return [item.path.relative_to(paths[0]).as_posix() for item in scanned(*paths) if isinstance(item, Found)]


def codes(results: list[Found | Refused]) -> list[Code]:
    return [result.error.code for result in results if isinstance(result, Refused)]


def refused(path: Path, limits: Limits = DEFAULT_LIMITS) -> FilmError:
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(path), limits=limits)
    return refusal.value


class TestZip:
    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    @pytest.mark.parametrize("syntax", [make.EXPLICIT, make.DEFLATED, make.JPEG_LS])
    def test_films_are_found_and_decoded(self, tmp_path: Path, method: int, syntax: str) -> None:
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

    def test_the_order_is_that_of_a_folder_and_the_hidden_stay_hidden(self, tmp_path: Path) -> None:
        data = picture_bytes()
        names = ("film 10.png", "film 2.png", "b/x.png", "a 10/x.png", "a 2/x.png", "a 2/deeper/y.png")
        hidden = ("__MACOSX/film 2.png", ".DS_Store", "a 2/._x.png")
        archive = zipped(tmp_path / "films.zip", dict.fromkeys(names + hidden, data))
        assert found_in(archive) == [
            "a 2/deeper/y.png", "a 2/x.png", "a 10/x.png", "b/x.png", "film 2.png", "film 10.png",
        ]  # fmt: skip

    def test_an_archive_in_a_folder_is_walked_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        zipped(tmp_path / "in" / "2.zip", {"x.png": picture_bytes()})
        for name in ("1.png", "3.png"):
            (tmp_path / "in" / name).write_bytes(picture_bytes())
        assert found_in(tmp_path / "in") == ["1.png", "2.zip/x.png", "3.png"]

    def test_content_counts_and_not_the_name(self, tmp_path: Path) -> None:
        assert found_in(zipped(tmp_path / "films.dat", {"x.png": picture_bytes()})) == ["x.png"]
        (tmp_path / "film.zip").write_bytes(picture_bytes())
        assert isinstance(scanned(tmp_path / "film.zip")[0], Found)

    def test_names_in_other_spellings(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", dict.fromkeys(["./a.png", "b\\c.png", "Плёнка.png"], picture_bytes()))
        assert found_in(archive) == ["b/c.png", "a.png", "Плёнка.png"]

    @pytest.mark.parametrize("name", ["../film.png", "a/../../film.png", "/film.png", "C:/film.png", "..\\film.png"])
    def test_names_that_point_outside(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "film.png").write_bytes(picture_bytes())
        results = scanned(zipped(tmp_path / "films.zip", {name: picture_bytes(), "x.png": picture_bytes()}))
        assert codes(results) == [Code.OUTSIDE]
        assert len(results) == 2

    def test_many_names_that_point_outside_are_one_refusal(self, tmp_path: Path) -> None:
        names = [f"../{number}.png" for number in range(1500)]
        *films, last = scanned(
            zipped(tmp_path / "films.zip", dict.fromkeys([*names, "x.png", "y.png"], picture_bytes()))
        )
        assert [item.path.name for item in films] == ["x.png", "y.png"]
        assert isinstance(last, Refused)
        assert (last.path.name, last.error.code) == ("films.zip", Code.OUTSIDE)
        assert "lists 1,500 files that lie outside of it" in last.error.message

    def test_a_film_that_swells(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"bomb": film_bytes(tmp_path) + bytes(32 * MIB)})
        assert archive.stat().st_size < MIB
        assert refused(archive / "bomb", replace(DEFAULT_LIMITS, max_inflated_bytes=MIB)).code is Code.TOO_LARGE

    def test_more_members_than_may_be(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {f"{index}": b"" for index in range(50)})
        for few in (replace(DEFAULT_LIMITS, max_members=49), replace(DEFAULT_LIMITS, max_directory_bytes=999)):
            with pytest.raises(FilmError) as refusal:
                zips.directory(archive, few)
            assert refusal.value.code is Code.TOO_LARGE
        assert len(zips.directory(archive, DEFAULT_LIMITS)) == 50

    def test_members_that_share_their_bytes_cost_one_film_each(self, tmp_path: Path) -> None:
        """As in the bombs of Fifield 2019: every film is bounded by itself, and only what is looked at is unpacked."""
        archive = zipped(tmp_path / "films.zip", {"a": bytes(4 * MIB), "b": bytes(4 * MIB)})
        data = archive.read_bytes()
        second = data.rindex(b"PK\x01\x02")
        archive.write_bytes(data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :])
        assert codes(scanned(archive)) == [Code.NOT_A_FILM] * 3

    @pytest.mark.parametrize("damage", ["sum", "cut", "no header", "member"])
    def test_damage(self, tmp_path: Path, damage: str) -> None:
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

    def test_a_cut_archive_is_refused_as_a_whole(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)})
        archive.write_bytes(archive.read_bytes()[:-40])
        (only,) = scanned(archive)
        assert isinstance(only, Refused)
        assert (only.path, only.error.code) == (archive, Code.CORRUPT)

    def test_a_password(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)})
        data = bytearray(archive.read_bytes())
        data[data.rindex(b"PK\x01\x02") + 8] |= 1
        archive.write_bytes(bytes(data))
        error = refused(archive / "film")
        assert (error.code, "password" in error.message) == (Code.UNSUPPORTED, True)

    def test_an_archive_in_an_archive_is_not_entered(self, tmp_path: Path) -> None:
        inner = zipped(tmp_path / "inner.zip", {"x.png": picture_bytes()}).read_bytes()
        outer = zipped(tmp_path / "outer.zip", {"inner.zip": inner})
        assert codes(scanned(outer)) == [Code.NOT_A_FILM, Code.NOT_A_FILM]

    def test_nothing_in_it(self, tmp_path: Path) -> None:
        (only,) = scanned(zipped(tmp_path / "films.zip", {}))
        assert isinstance(only, Refused)
        assert only.error.message == "There are no films in this archive."

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"film": film_bytes(tmp_path)})
        assert refused(archive / "other").code is Code.MISSING
        assert refused(tmp_path / "nowhere.zip" / "film").code is Code.MISSING

    def test_an_archive_that_is_replaced_is_read_anew(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"a": picture_bytes()})
        assert found_in(archive) == ["a"]
        zipped(archive, {"other": picture_bytes(), "more": picture_bytes()})
        assert found_in(archive) == ["more", "other"]


class TestGzip:
    @pytest.mark.parametrize("kind", ["dicom", "png"])
    def test_a_packed_film(self, tmp_path: Path, kind: str) -> None:
        data = film_bytes(tmp_path) if kind == "dicom" else picture_bytes()
        path = tmp_path / "film.gz"
        path.write_bytes(gzip.compress(data))
        (found,) = scanned(path)
        assert isinstance(found, Found)
        assert decode(found.ref).pixels.shape == PIXELS.shape

    def test_the_end_is_missing(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", make.film(200, 200, bits=16))
        packed = gzip.compress(path.read_bytes())
        path.write_bytes(packed[: len(packed) // 2])
        assert 0.3 < decode(ImageRef(path)).complete < 0.7

    def test_a_bomb(self, tmp_path: Path) -> None:
        path = tmp_path / "film.gz"
        path.write_bytes(gzip.compress(film_bytes(tmp_path) + bytes(32 * MIB)))
        assert refused(path, replace(DEFAULT_LIMITS, max_inflated_bytes=MIB)).code in (Code.TOO_LARGE,)

    def test_a_packed_archive_is_no_film(self, tmp_path: Path) -> None:
        path = tmp_path / "films.tar.gz"
        path.write_bytes(gzip.compress(b"folder/film" + bytes(600)))
        assert refused(path).code is Code.NOT_A_FILM

    def test_a_film_has_one_name_packed_or_not(self, tmp_path: Path) -> None:
        plain, packed = tmp_path / "film", tmp_path / "film.gz"
        plain.write_bytes(picture_bytes())
        packed.write_bytes(gzip.compress(picture_bytes()))
        archive = zipped(tmp_path / "films.zip", {"film": picture_bytes()})
        assert film_sha256(plain) == film_sha256(packed) == film_sha256(archive / "film")


def record(*parts: str, kind: str = "IMAGE") -> Dataset:
    made = Dataset()
    made.DirectoryRecordType = kind
    if parts:
        made.ReferencedFileID = list(parts)
    return made


def disc(folder: Path, *records: Dataset) -> Path:
    folder.mkdir(exist_ok=True)
    table = Dataset()
    table.file_meta = make._file_meta(ExplicitVRLittleEndian)
    table.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    table.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["d"])
    table.DirectoryRecordSequence = make.sequence(*records)
    return make.write_dataset(folder / "DICOMDIR", table)


class TestDisc:
    def films(self, folder: Path, *names: str) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            make.write_dicom(folder / name, PIXELS, bits_stored=12)

    def test_the_images_it_lists_in_its_order(self, tmp_path: Path) -> None:
        folder = tmp_path / "disc"
        self.films(folder, "A/IM2", "A/IM1", "unlisted")
        table = disc(
            folder, record(kind="PATIENT"), record("A", "IM2"), record("A", "IM1"), record("R", kind="SR DOCUMENT")
        )
        assert [item.path for item in scanned(table)] == [folder / "A" / "IM2", folder / "A" / "IM1"]

    def test_the_folder_itself_is_walked_without_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "disc"
        self.films(folder, "A/IM1", "unlisted")
        disc(folder, record("A", "IM1"))
        assert found_in(folder) == ["A/IM1", "unlisted"]

    @pytest.mark.parametrize("names", [("a/im1",), ("A/IM1.;1",), ("a/IM1.",)])
    def test_names_as_the_copy_spells_them(self, tmp_path: Path, names: tuple[str]) -> None:
        folder = tmp_path / "disc"
        self.films(folder, *names)
        assert [item.path for item in scanned(disc(folder, record("A", "IM1")))] == [folder / names[0]]

    def test_a_folder_of_a_disc_is_listed_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """However many of its films are spelt otherwise: an optical disc takes its time for each look."""
        folder = tmp_path / "disc"
        self.films(folder, *(f"A/im{number}" for number in range(5)))
        listed: list[Path] = []
        real = os.listdir

        def listdir(place: Path) -> list[str]:
            listed.append(place)
            return real(place)

        monkeypatch.setattr(os, "listdir", listdir)
        table = disc(folder, *(record("A", f"IM{number}") for number in range(5)))
        assert [item.path.name for item in scanned(table)] == [f"im{number}" for number in range(5)]
        assert listed.count(folder / "A") == 1

    def test_a_film_that_is_not_there(self, tmp_path: Path) -> None:
        (only,) = scanned(disc(tmp_path / "disc", record("A", "IM1")))
        assert isinstance(only, Refused)
        assert (only.path, only.error.code) == (tmp_path / "disc" / "A" / "IM1", Code.MISSING)

    @pytest.mark.parametrize(
        "parts", [("..", "film"), ("A", "..", "..", "film"), ("/etc", "passwd"), ("C:", "film"), ("../film",)]
    )
    def test_records_that_point_outside(self, tmp_path: Path, parts: tuple[str, ...]) -> None:
        self.films(tmp_path, "film", "disc/A/IM1")
        results = scanned(disc(tmp_path / "disc", record(*parts), record("A", "IM1")))
        assert codes(results) == [Code.OUTSIDE]
        assert [item.path.name for item in results] == ["IM1", "DICOMDIR"]

    @pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
    @pytest.mark.parametrize("link", ["file", "folder"])
    def test_links_that_lead_outside(self, tmp_path: Path, link: str) -> None:
        self.films(tmp_path, "elsewhere/film")
        folder = tmp_path / "disc"
        folder.mkdir()
        if link == "file":
            (folder / "film").symlink_to(tmp_path / "elsewhere" / "film")
        else:
            (folder / "A").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
        table = disc(folder, record("film") if link == "file" else record("A", "film"))
        assert codes(scanned(table)) == [Code.OUTSIDE]

    def test_a_disc_that_is_reached_by_a_link_is_contained_in_its_real_folder(self, tmp_path: Path) -> None:
        if sys.platform == "win32":
            pytest.skip("links need rights there")
        self.films(tmp_path / "disc", "A/IM1")
        disc(tmp_path / "disc", record("A", "IM1"))
        (tmp_path / "link").symlink_to(tmp_path / "disc", target_is_directory=True)
        assert codes(scanned(tmp_path / "link" / "DICOMDIR")) == []

    def test_nothing_listed(self, tmp_path: Path) -> None:
        (only,) = scanned(disc(tmp_path / "disc", record(kind="PATIENT")))
        assert isinstance(only, Refused)
        assert only.error.message == "This disc's table of contents lists no films."


class TestRender:
    def rendered(self, path: Path, out: Path) -> tuple[int, str]:
        done = commanded(render_command, path, "--out", out)
        return done.status, done.err

    def test_the_only_film_of_an_archive(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"notes.txt": b"notes", "a/film": picture_bytes()})
        assert self.rendered(archive, tmp_path / "out.png") == (0, "")
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), make.film(bits=8))

    def test_one_of_several(self, tmp_path: Path) -> None:
        archive = zipped(tmp_path / "films.zip", {"a": picture_bytes(), "b": picture_bytes()})
        status, said = self.rendered(archive, tmp_path / "out.png")
        assert (status, "films.zip holds 2 films" in said, str(archive / "a") in said) == (2, True, True)
        assert self.rendered(archive / "b", tmp_path / "out.png")[0] == 0

    def test_none(self, tmp_path: Path) -> None:
        status, said = self.rendered(zipped(tmp_path / "films.zip", {"a": b"text"}), tmp_path / "out.png")
        assert (status, said) == (3, "There are no films in this archive.\n")


def test_the_sum_of_a_deflated_member_counts_to_its_last_byte(tmp_path: Path) -> None:
    data = film_bytes(tmp_path)
    archive = zipped(tmp_path / "films.zip", {"film": data})
    packed = bytearray(archive.read_bytes())
    entry = packed.rindex(b"PK\x01\x02")
    packed[entry + 16 : entry + 20] = struct.pack("<I", zlib.crc32(data) ^ 1)
    archive.write_bytes(bytes(packed))
    assert refused(archive / "film").code is Code.CORRUPT
