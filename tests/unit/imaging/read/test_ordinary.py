"""A film that is read without pydicom is the film that pydicom reads, or it is left to it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import Tag

from imaging.errors import FilmError
from imaging.read.budget import BUDGET
from imaging.read.dataset import DicomFile, read_by_pydicom, read_ordinary
from imaging.read.dicom import image_of
from imaging.read.limits import DEFAULT_LIMITS
from imaging.read.tables import LEFT, SEVERAL, SHOWN
from imaging.study import ImageRef
from tests import dicom_files as make
from tests.soak import corpus
from tests.soak.mutate import mutated

ROOT = Path(__file__).resolve().parents[4]
DAMAGED, ODD = 500, 400
EVERYTHING: dict[str, Any] = {
    "DistanceSourceToDetector": "1800",
    "DistanceSourceToPatient": "1700.5",
    "EstimatedRadiographicMagnificationFactor": "1.0625",
    "ImagerPixelSpacing": ["0.139", "0.14"],
    "NominalScannedPixelSpacing": ["0.2", "0.2"],
    "PixelSpacing": ["0.139", "0.14"],
    "PixelSpacingCalibrationType": "FIDUCIAL",
    "PixelAspectRatio": ["2", "1"],
    "ImageOrientationPatient": ["1", "0", "0", "0", "-1.0e0", "0"],
    "PatientOrientation": ["L", "F"],
    "FrameLaterality": "R",
    "PixelPaddingValue": 3,
    "PixelPaddingRangeLimit": 7,
    "WindowCenter": ["600", "900.5"],
    "WindowWidth": ["1200", "400"],
    "WindowCenterWidthExplanation": ["WIDE", "NARROW"],
    "VOILUTFunction": "SIGMOID",
    "RescaleSlope": "1.5",
    "RescaleIntercept": "-1024",
    "PresentationLUTShape": "INVERSE",
    "PatientName": "Family^Given",
    "PatientAge": "045Y",
    "LossyImageCompression": "01",
    "LossyImageCompressionRatio": ["12.5", "2"],
}


def shown(film: DicomFile, frame: int = 0) -> list[object]:
    """All that is known of a frame, or why it is refused."""
    try:
        with BUDGET.film():
            image = image_of(film, ImageRef(Path("film"), frame), DEFAULT_LIMITS)
    except FilmError as error:
        return [error.code, error.message, error.detail]
    known: list[object] = [getattr(image, field.name) for field in fields(image) if field.name != "pixels"]
    return [*known, image.pixels.dtype, image.pixels.shape, image.pixels.tobytes()]


def is_ordinary(path: Path, frame: int = 0) -> bool:
    """Whether we read this film ourselves; then it is held against pydicom's."""
    with path.open("rb") as stream:
        ours = read_ordinary(stream, DEFAULT_LIMITS)
        said = None if ours is None else shown(ours, frame)
    if ours is None:
        return False
    with path.open("rb") as stream:
        theirs = read_by_pydicom(stream, DEFAULT_LIMITS)
        assert (ours.transfer_syntax, ours.little_endian) == (theirs.transfer_syntax, theirs.little_endian)
        assert ours.pixels == theirs.pixels
        assert said == shown(theirs, frame)
    return True


def written(path: Path, syntax: str = make.EXPLICIT, **more: Any) -> Path:
    """A film that has all that is asked for."""
    return make.write_dicom(path, make.film(), bits_stored=12, transfer_syntax=syntax, **{**EVERYTHING, **more})


def test_the_tables_are_those_of_the_dictionary() -> None:
    for keyword, (group, element, vr) in SHOWN.items():
        assert dictionary_VR(Tag(group, element)) == vr
        assert Tag(keyword) == Tag(group, element)
    assert set(SHOWN) > SEVERAL


class Asked(dict[Any, Any]):
    """The elements of a film, and which were asked for."""

    keywords: set[str]

    def get(self, key: Any, default: Any = None, /) -> Any:
        self.keywords.add(key if isinstance(key, str) else keyword_for_tag(key))
        return super().get(key, default)

    def __contains__(self, key: object, /) -> bool:
        self.get(key)
        return super().__contains__(key)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB", "YBR_FULL"])
def test_nothing_is_asked_for_that_is_not_read(tmp_path: Path, photometric: str) -> None:
    """What would be missed silently stands in one of the two tables."""
    left = {keyword_for_tag(Tag(*tag)) for tag in LEFT}
    bare = make.write_dicom(tmp_path / "bare", make.film())  # asks further, as it answers nothing
    pixels = make.film(bits=8) if photometric == "MONOCHROME2" else np.stack([make.film(bits=8)] * 3, axis=-1)
    for path in (bare, make.write_dicom(tmp_path / "film", pixels, photometric=photometric, **EVERYTHING)):
        with path.open("rb") as stream:
            film = read_ordinary(stream, DEFAULT_LIMITS)
            assert film is not None
            assert isinstance(film.dataset, dict)
            elements = Asked(film.dataset)
            elements.keywords = set()
            shown(replace(film, dataset=elements))
        assert len(elements.keywords) > 30
        assert elements.keywords <= set(SHOWN) | left


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.IMPLICIT, *make.LOSSLESS])
def test_an_ordinary_film(tmp_path: Path, syntax: str) -> None:
    more = {"PixelPaddingValue": None, "PixelPaddingRangeLimit": None} if syntax == make.IMPLICIT else {}
    assert is_ordinary(written(tmp_path / "film", syntax, **more))


EXTRAORDINARY: dict[str, dict[str, Any]] = {
    "a VOI LUT": {"VOILUTSequence": make.sequence(make.lut(range(4096), bits=12))},
    "a modality LUT": {"ModalityLUTSequence": make.sequence(make.lut(range(4096), bits=12))},
    "a profile": {"ICCProfile": bytes(128)},
    "an overlay": {"0x60020010": 4},
    "frames with groups of their own": {"SharedFunctionalGroupsSequence": make.sequence()},
}


@pytest.mark.parametrize("more", EXTRAORDINARY.values(), ids=list(EXTRAORDINARY))
def test_what_is_more_than_plain_values_is_left_to_pydicom(tmp_path: Path, more: dict[str, Any]) -> None:
    made = make.dataset(make.film(), bits_stored=12, **{key: value for key, value in more.items() if key[0] != "0"})
    for key, value in more.items():
        if key[0] == "0":
            made.add_new(int(key, 16), "US", value)
    assert not is_ordinary(make.write_dataset(tmp_path / "film", made))


def films() -> Iterator[tuple[str, bytes]]:
    yield from corpus.films().items()
    yield from corpus.shared_films().items()


def test_every_film_of_the_soak(tmp_path: Path) -> None:
    path, ours = tmp_path / "film", 0
    for _name, data in films():
        path.write_bytes(data)
        ours += is_ordinary(path)
    assert ours >= 20


def test_damaged_films(tmp_path: Path) -> None:
    """Films of every encoding, damaged as the soak does it: read alike, refused alike, or left alone."""
    path, made, ours = tmp_path / "film", list(corpus.films().values()), 0
    for number in range(DAMAGED):
        path.write_bytes(mutated(made[number % len(made)], number, made))
        ours += is_ordinary(path)
    assert ours > DAMAGED // 10


def test_any_values(tmp_path: Path) -> None:
    """Letters where numbers should stand, empty values, several, none, bytes too many."""
    chance, ours = random.Random(7), 0
    path = tmp_path / "film"
    for number in range(ODD):
        syntax = (make.EXPLICIT, make.IMPLICIT)[number % 2]
        data = written(path, syntax, **({"PixelPaddingValue": None} if chance.random() < 0.5 else {})).read_bytes()
        for keyword in chance.sample(sorted(SHOWN), 2):
            data = with_any_value(data, keyword, syntax == make.IMPLICIT, chance)
        path.write_bytes(data)
        ours += is_ordinary(path)
    assert ours > ODD // 10


def with_any_value(data: bytes, keyword: str, implicit: bool, chance: random.Random) -> bytes:
    """The file with another value in this element, where it has it."""
    group, element, vr = SHOWN[keyword]
    head = group.to_bytes(2, "little") + element.to_bytes(2, "little") + (b"" if implicit else vr.encode()[:2])
    at = data.find(head, 132) + len(head)
    if at < len(head) + 132:
        return data
    width = 4 if implicit else 2
    end = at + width + int.from_bytes(data[at : at + width], "little")
    letters = "0123456789 -+.\\eE_" if chance.random() < 0.8 else "0127FR\xe9\0\x7f^="
    value = "".join(chance.choices(letters, k=2 if vr == "US" else chance.randrange(9))).encode("latin-1")
    return data[:at] + len(value).to_bytes(width, "little") + value + data[end:]


WITHOUT_PYDICOM = """
import sys
from pathlib import Path
from imaging.read.decode import decode
from imaging.read.look import look_at
decode(look_at(Path(sys.argv[1])).ref)
print("pydicom" in sys.modules)
"""


def test_pydicom_is_not_imported_for_an_ordinary_film(tmp_path: Path) -> None:
    """It is a fifth of what the first film of a start would wait for (ADR 32)."""
    path = written(tmp_path / "film")
    command = [sys.executable, "-c", WITHOUT_PYDICOM, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
