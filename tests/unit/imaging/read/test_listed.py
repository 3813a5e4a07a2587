"""Our own reading of headers for the list says just what pydicom's says, or nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from imaging.errors import FilmError
from imaging.image import Header
from imaging.read import ordinary as reader
from imaging.read.dataset import open_dicom
from imaging.read.header import read_header
from imaging.read.layout import frame_count
from imaging.read.limits import DEFAULT_LIMITS
from imaging.read.ordinary import read_listed
from imaging.read.tables import LISTED
from imaging.read.values import text
from tests import dicom_files as make

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "dicom"
CASES = 600
Said = tuple[Header, str, int]


def by_pydicom(path: Path) -> Said | None:
    """What the list would say of a film by pydicom; None where it is refused."""
    try:
        with open_dicom(path, DEFAULT_LIMITS, tuple(LISTED)) as film:
            if film.pixels is None:
                return None
            header = read_header(film.dataset, film.transfer_syntax)
            return header, text(film.dataset, "SOPInstanceUID"), frame_count(film.dataset, DEFAULT_LIMITS)
    except FilmError:
        return None


def by_us(path: Path) -> Said | None:
    """What it says by our own reader; None where that leaves the file to pydicom."""
    with path.open("rb") as stream:
        found = read_listed(stream)
    if found is None:
        return None
    header = read_header(found.elements, found.transfer_syntax)
    return header, text(found.elements, "SOPInstanceUID"), frame_count(found.elements, DEFAULT_LIMITS)


def written(path: Path, film: Dataset) -> Path:
    dcmwrite(path, film, enforce_file_format=True)
    return path


def ordinary(syntax: str = make.EXPLICIT, **elements: Any) -> Dataset:
    usual: dict[str, Any] = {
        "PatientName": "Family^Given",
        "PatientAge": "045Y",
        "StudyDate": "20261121",
        "InstanceNumber": "7",
        "PatientOrientation": ["L", "F"],
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": ["12.5", "2"],
    }
    return make.dataset(make.film(), transfer_syntax=syntax, **(usual | elements))


def nested(depth: int) -> Dataset:
    item = Dataset()
    item.CodeMeaning, item.PatientID = "inner", "not the patient's"
    if depth:
        item.ContentSequence = make.sequence(nested(depth - 1), Dataset())
    return item


def undefined(film: Dataset) -> Dataset:
    """The same with every sequence and item of undefined length."""
    for element in film.iterall():
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
    return film


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.IMPLICIT, make.RLE, make.JPEG_2000])
def test_an_ordinary_film_needs_no_pydicom(tmp_path: Path, syntax: str) -> None:
    film = ordinary(syntax, ContentSequence=make.sequence(nested(2), nested(0)))
    block = film.private_block(0x0011, "MAKER", create=True)
    block.add_new(1, "SQ", make.sequence(nested(1)))
    block.add_new(2, "OB", bytes(3 * reader.CHUNK_BYTES))
    block.add_new(3, "UN", b"\x01\x02")
    for index, made in enumerate((film, undefined(film))):
        said = by_us(make.write_dataset(tmp_path / f"{index}", made))
        assert said is not None
        assert said == by_pydicom(tmp_path / f"{index}")
        assert said[0].patient_id == "TEST-01"


ODD: dict[str, dict[str, Any]] = {
    "another character set": {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou=山田^太郎"},
    "several names": {"PatientName": ["One^Film", "Two^Films"]},
    "a folder in a description": {"StudyDescription": ["Chest", "PA"]},
    "a name by groups": {"PatientName": "Yamada^Tarou=="},
    "no number": {"NumberOfFrames": None, "SeriesNumber": None, "InstanceNumber": None},
}


@pytest.mark.parametrize("syntax", make.NATIVE)
@pytest.mark.parametrize("elements", ODD.values(), ids=list(ODD))
def test_what_is_odd_is_left_to_pydicom(tmp_path: Path, syntax: str, elements: dict[str, Any]) -> None:
    path = written(tmp_path / "film", ordinary(syntax, **elements))
    assert by_us(path) in (None, by_pydicom(path))


@pytest.mark.parametrize("syntax", [make.BIG_ENDIAN, make.DEFLATED])
def test_syntaxes_that_are_left_to_pydicom(tmp_path: Path, syntax: str) -> None:
    assert by_us(written(tmp_path / "film", ordinary(syntax))) is None


def test_without_preamble_or_pixels_pydicom_reads(tmp_path: Path) -> None:
    whole = written(tmp_path / "film", ordinary()).read_bytes()
    for name, data in {"no preamble": whole[132:], "no pixels": whole[: whole.index(b"\xe0\x7f\x10\x00")]}.items():
        (tmp_path / name).write_bytes(data)
        assert by_us(tmp_path / name) is None


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/dicom is not here")
def test_the_public_files_say_the_same() -> None:
    paths = sorted(path for path in DATA.rglob("*") if path.is_file())
    alone = {path: said for path in paths if (said := by_us(path)) is not None}
    assert len(alone) > len(paths) * 2 // 3
    assert alone == {path: by_pydicom(path) for path in alone}


words = some.text(some.characters(codec="utf-8", exclude_characters="\x1b"), max_size=12)
numbers = some.text("0123456789 -+.\\e", max_size=8)
charsets = some.sampled_from(["", "ISO_IR 100", "ISO_IR 192", "ISO_IR 144", "ISO_IR 126", "ISO_IR 13", "GB18030"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(charset=charsets, words=some.tuples(words, words, numbers), implicit=some.booleans())
def test_any_text_is_that_of_pydicom(tmp_path: Path, charset: str, words: tuple[str, str, str], implicit: bool) -> None:
    name, about, number = words
    raw = {"PatientName": name, "StudyDescription": about, "Modality": about, "InstanceNumber": number}
    film = ordinary(
        make.IMPLICIT if implicit else make.EXPLICIT, SpecificCharacterSet=charset, **dict.fromkeys(raw, "")
    )
    data = written(tmp_path / "film", film).read_bytes()
    codec = {"ISO_IR 192": "utf-8", "ISO_IR 144": "iso8859_5", "GB18030": "gb18030"}.get(charset, "latin-1")
    for keyword, value in raw.items():  # past pydicom, which would not write everything
        data = with_value(data, keyword, value.encode(codec, "replace"), implicit)
    (tmp_path / "film").write_bytes(data)
    assert by_us(tmp_path / "film") in (None, by_pydicom(tmp_path / "film"))


def with_value(data: bytes, keyword: str, value: bytes, implicit: bool) -> bytes:
    """The file with the empty element of this keyword filled."""
    group, element, vr = LISTED[keyword]
    tag = group.to_bytes(2, "little") + element.to_bytes(2, "little")
    head = tag + (b"" if implicit else vr.encode())
    sized = len(value).to_bytes(4 if implicit else 2, "little")
    empty = head + bytes(len(sized))
    assert data.count(empty) == 1
    return data.replace(empty, head + sized + value)


def test_damaged_headers_say_what_pydicom_says_of_them(tmp_path: Path) -> None:
    """Bytes of the header are changed, left out and doubled: whatever we still read, pydicom reads alike."""
    chance = random.Random(5)
    film = undefined(ordinary(ContentSequence=make.sequence(nested(2), nested(0))))
    sources = [written(tmp_path / "explicit", film)]
    sources.append(written(tmp_path / "implicit", ordinary(make.IMPLICIT, ContentSequence=make.sequence(nested(1)))))
    read = 0
    for number in range(CASES):
        data = bytearray(sources[number % len(sources)].read_bytes())
        header_bytes = data.index(b"\xe0\x7f\x10\x00") + 12
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(132, header_bytes)
            match chance.randrange(3):
                case 0:
                    data[at] = chance.choice([0, 1, 0x20, 0x5C, 0x7F, 0xFF, chance.randrange(256)])
                case 1:
                    del data[at : at + chance.randint(1, 8)]
                case _:
                    data[at:at] = data[at : at + chance.randint(1, 40)]
        damaged = tmp_path / "damaged"
        damaged.write_bytes(data)
        said = by_us(damaged)
        read += said is not None
        assert said in (None, by_pydicom(damaged)), number
    assert read > CASES // 20


def test_hostile_headers_cost_a_few_chunks(tmp_path: Path) -> None:
    """Thousands of large elements, elements without end and sequences without bottom: read no further than allowed."""
    begin = written(tmp_path / "film", ordinary()).read_bytes()
    begin = begin[: begin.index(b"\xe0\x7f\x10\x00")]
    bottomless = b"\x09\x00\x01\x00SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    hostile = {
        "large": b"\x09\x00\x01\x00OB\x00\x00\x00\x40\x00\x00" + bytes(1 << 14),
        "small": b"\x09\x00\x01\x00LO\x00\x00",
        "bottomless": bottomless,
        "endless": b"\x09\x00\x01\x00OB\x00\x00\xff\xff\xff\xff",
        "long": b"\x09\x00\x01\x00OB\x00\x00\xfe\xff\xff\xff",
    }
    for name, piece in hostile.items():
        data = begin + piece * ((1 << 20) // len(piece))
        (tmp_path / name).write_bytes(data)
        assert by_us(tmp_path / name) is None
