"""Files that break the rules and can be read all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.progress import CancelToken
from imaging.read.decode import decode
from imaging.read.look import Refused
from imaging.read.scan import scan
from imaging.study import ImageRef
from tests import dicom_files as make


@pytest.mark.parametrize("syntax", [make.IMPLICIT, make.EXPLICIT])
def test_no_preamble_and_no_file_meta(tmp_path: Path, syntax: str) -> None:
    pixels = make.film()
    path = make.write_dicom(tmp_path / "film", pixels, transfer_syntax=syntax)
    data = path.read_bytes()
    path.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, pixels)


def test_file_meta_without_preamble(tmp_path: Path) -> None:
    pixels = make.film()
    path = make.write_dicom(tmp_path / "film", pixels)
    path.write_bytes(path.read_bytes()[132:])
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, pixels)


def test_compressed_without_a_transfer_syntax(tmp_path: Path) -> None:
    pixels = make.film(bits=8)
    path = make.write_dicom(tmp_path / "film", pixels, transfer_syntax=make.JPEG_LS)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\x02\x00\x10\x00UI")] + data[data.index(b"\x08\x00\x16\x00UI") :])
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, pixels)


@pytest.mark.parametrize(("true", "said"), [(make.IMPLICIT, make.EXPLICIT), (make.EXPLICIT, make.IMPLICIT)])
def test_a_data_set_in_another_encoding_than_it_says(tmp_path: Path, true: str, said: str) -> None:
    pixels = make.film(bits=12)
    path = make.write_dicom(tmp_path / "film", pixels, bits_stored=12, transfer_syntax=true)
    data = path.read_bytes()
    at = data.index(b"\x02\x00\x10\x00UI") + 6
    length = int.from_bytes(data[at : at + 2], "little")
    uid = said.encode() + b"\0" * (len(said) % 2)
    group = int.from_bytes(data[140:144], "little") + len(uid) - length
    head = data[:140] + group.to_bytes(4, "little") + data[144:at] + len(uid).to_bytes(2, "little")
    path.write_bytes(head + uid + data[at + 2 + length :])
    assert decode(ImageRef(path)).pixels.shape == pixels.shape


@pytest.mark.parametrize("charset", ["ISO_IR 999", "nonsense", "ISO 2022 IR 87", "\\\\", "ISO_IR 192"])
def test_wrong_character_sets(tmp_path: Path, charset: str) -> None:
    pixels = make.film()
    path = make.write_dicom(tmp_path / "film", pixels, PatientName="Mueller^Anna")
    data = path.read_bytes().replace(b"Mueller^", b"M\xfcller^ ")
    at = data.index(b"\x08\x00\x16\x00UI")
    text = charset.encode() + b" " * (len(charset) % 2)
    path.write_bytes(data[:at] + b"\x08\x00\x05\x00CS" + len(text).to_bytes(2, "little") + text + data[at:])
    (found,) = scan([path], CancelToken())
    image = decode(ImageRef(path))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.header.patient_name.startswith("M")
    assert not isinstance(found, Refused)


@pytest.mark.parametrize("vr", [b"UN", b"LO", b"SS", b"OB", b"ZZ"])
def test_wrong_value_representations(tmp_path: Path, vr: bytes) -> None:
    """Of Rows, which is US: two bytes are two bytes."""
    pixels = make.film()
    path = make.write_dicom(tmp_path / "film", pixels)
    data = path.read_bytes()
    at = data.index(b"\x28\x00\x10\x00US")
    long = vr in (b"UN", b"OB")
    head = vr + (b"\0\0\2\0\0\0" if long else b"\2\0")
    path.write_bytes(data[: at + 4] + head + data[at + 8 :])
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, pixels)


@pytest.mark.parametrize("name", ["Odd", "Oddly^"])
def test_odd_lengths(tmp_path: Path, name: str) -> None:
    pixels = make.film()
    path = make.write_dicom(tmp_path / "film", pixels, StudyDescription="ABCDEF")
    data = path.read_bytes()
    at = data.index(b"\x08\x00\x30\x10LO") + 6
    odd = name.encode()[: len(name) // 2 * 2 - 1]
    path.write_bytes(data[:at] + len(odd).to_bytes(2, "little") + odd + data[at + 8 :])
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, pixels)


@pytest.mark.parametrize(
    "elements",
    [
        {"WindowCenter": "abc", "WindowWidth": "1e999"},
        {"RescaleSlope": "nan", "RescaleIntercept": "x"},
        {"PixelSpacing": "0.1"},
        {"PatientAge": "old", "StudyDate": "yesterday"},
    ],
)
def test_values_that_are_no_values(tmp_path: Path, elements: dict[str, str]) -> None:
    pixels = make.film()
    path = make.write_dicom(tmp_path / "film", pixels)
    data = path.read_bytes()
    for keyword, value in elements.items():
        data = _inserted(data, keyword, value)
    path.write_bytes(data)
    image = decode(ImageRef(path))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert (image.voi, image.spacing) == ((), None)


def _inserted(data: bytes, keyword: str, value: str) -> bytes:
    """The file with one more text element before its pixel data, whatever the text."""
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    tag: Any = tag_for_keyword(keyword)
    text = value.encode() + b" " * (len(value) % 2)
    element = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + dictionary_VR(tag).encode()
    at = data.index(b"\xe0\x7f\x10\x00")
    whole: bytes = data[:at] + element + len(text).to_bytes(2, "little") + text + data[at:]
    return whole
