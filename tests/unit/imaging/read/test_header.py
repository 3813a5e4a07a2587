"""The words and the millimetres of a DICOM header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from imaging.image import DecodedImage, Spacing
from imaging.read.decode import decode
from imaging.read.header import iso_date, person_name
from imaging.study import ImageRef
from tests import dicom_files as make


def image(folder: Path, **elements: Any) -> DecodedImage:
    return decode(ImageRef(make.write_dicom(folder / "film", make.film(), **elements)))


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("Doe^John", "Doe, John"),
        ("Doe^John^Quincy^Dr.^Jr.", "Doe, Dr. John Quincy Jr."),
        ("Иванов^Пётр", "Иванов, Пётр"),
        ("=山田^太郎=やまだ^たろう", "山田, 太郎"),
        ("Phantom", "Phantom"),
        ("^^^^", ""),
        ("", ""),
    ],
)
def test_person_names(stored: str, read: str) -> None:
    assert person_name(stored) == read


@pytest.mark.parametrize(
    ("stored", "read"), [("20261121", "2026-11-21"), ("2026.11.21", "2026-11-21"), ("2026", "2026"), ("", "")]
)
def test_dates(stored: str, read: str) -> None:
    assert iso_date(stored) == read


def test_the_header(tmp_path: Path) -> None:
    header = image(
        tmp_path,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Тест^Плёнка",
        PatientAge="045Y",
        StudyDate="20260102",
        ViewPosition="PA",
        PatientOrientation=["L", "F"],
        ImageLaterality="U",
        InstanceNumber=7,
    ).header
    assert (header.patient_name, header.age, header.study_date) == ("Тест, Плёнка", "45 y", "2026-01-02")
    assert (header.view_position, header.orientation, header.laterality) == ("PA", ("L", "F"), "U")
    assert (header.instance_number, header.modality, header.lossy) == ("7", "DX", "")


def test_orientation_by_cosines(tmp_path: Path) -> None:
    assert image(tmp_path, ImageOrientationPatient=[1, 0, 0, 0, 0, -1]).header.orientation == ("L", "F")


@pytest.mark.parametrize(
    ("elements", "mark"),
    [
        ({"LossyImageCompression": "01", "LossyImageCompressionRatio": 12}, "Lossy 12:1"),
        ({"LossyImageCompression": "01", "LossyImageCompressionRatio": [2, 3]}, "Lossy 6:1"),
        ({"LossyImageCompression": "01"}, "Lossy"),
        ({"LossyImageCompression": "00"}, ""),
    ],
)
def test_lossy(tmp_path: Path, elements: dict[str, Any], mark: str) -> None:
    assert image(tmp_path, **elements).header.lossy == mark


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({}, None),
        ({"PixelSpacing": [0.2, 0.1]}, Spacing(0.2, 0.1, "stated")),
        ({"PixelSpacing": [0.2, 0.1], "Modality": "CT"}, Spacing(0.2, 0.1, "patient")),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.22, 0.22]}, Spacing(0.2, 0.2, "calibrated")),
        (
            {"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "GEOMETRY"},
            Spacing(0.2, 0.2, "calibrated", "GEOMETRY"),
        ),
        (
            {"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL", "ImagerPixelSpacing": [0.22, 0.22]},
            Spacing(0.2, 0.2, "calibrated", "FIDUCIAL"),
        ),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, Spacing(0.2, 0.2, "detector")),
        ({"PixelSpacing": [0.2, 0.2], "NominalScannedPixelSpacing": [0.2, 0.2]}, Spacing(0.2, 0.2, "scanner")),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            Spacing(0.16, 0.16, "magnified", magnification=1.25),
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "DistanceSourceToDetector": 2000, "DistanceSourceToPatient": 1600},
            Spacing(0.16, 0.16, "magnified", magnification=1.25),
        ),
        ({"ImagerPixelSpacing": [0.2, 0.2], "DistanceSourceToDetector": 2000}, Spacing(0.2, 0.2, "detector")),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, Spacing(0.2, 0.2, "detector")),
        ({"NominalScannedPixelSpacing": [0.3, 0.3]}, Spacing(0.3, 0.3, "scanner")),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, Spacing(0.2, 0.2, "detector")),
    ],
)
def test_spacing(tmp_path: Path, elements: dict[str, Any], spacing: Spacing | None) -> None:
    found = image(tmp_path, **elements).spacing
    if spacing is None or found is None:
        assert found is spacing
    else:
        assert (found.source, found.calibration) == (spacing.source, spacing.calibration)
        assert found.magnification == pytest.approx(spacing.magnification)
        assert (found.row_mm, found.column_mm) == pytest.approx((spacing.row_mm, spacing.column_mm))


@pytest.mark.parametrize(
    ("elements", "aspect"),
    [
        ({}, 1.0),
        ({"PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelAspectRatio": [4, 0]}, 1.0),
        ({"PixelSpacing": [0.1, 0.2]}, 0.5),
        ({"ImagerPixelSpacing": [0.3, 0.2], "DistanceSourceToDetector": 2000, "DistanceSourceToPatient": 1600}, 1.5),
        ({"PixelSpacing": [0.2, 0.2], "PixelAspectRatio": [4, 3]}, 1.0),
        ({"PixelSpacing": [0.2, 0.2000001]}, 1.0),
        ({"PixelSpacing": [1e-9, 1.0]}, 1.0),
    ],
)
def test_the_shape_of_a_pixel(tmp_path: Path, elements: dict[str, Any], aspect: float) -> None:
    assert image(tmp_path, **elements).pixel_aspect == pytest.approx(aspect)


def test_a_colour_film_has_its_shape_and_millimetres_too(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    path = make.write_dicom(tmp_path / "film", pixels, photometric="RGB", PixelAspectRatio=[1, 2], ICCProfile=bytes(4))
    assert (decode(ImageRef(path)).pixel_aspect, decode(ImageRef(path)).header.icc) == (0.5, True)
    assert not image(tmp_path).header.icc


def test_sides_and_directions_of_a_frame_come_before_those_of_the_file(tmp_path: Path) -> None:
    holder, plane, anatomy = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient, anatomy.FrameLaterality = [0, 1, 0, 0, 0, -1], "R"
    holder.PlaneOrientationSequence, holder.FrameAnatomySequence = make.sequence(plane), make.sequence(anatomy)
    path = make.write_dicom(
        tmp_path / "film",
        np.stack([make.film()] * 2),
        frames=2,
        ImageLaterality="L",
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PerFrameFunctionalGroupsSequence=make.sequence(Dataset(), holder),
    )
    headers = [decode(ImageRef(path, frame)).header for frame in range(2)]
    assert [(header.laterality, header.orientation) for header in headers] == [("L", ("L", "P")), ("R", ("P", "F"))]


def test_functional_groups_of_a_frame_come_before_the_shared_ones(tmp_path: Path) -> None:
    def measures(spacing: float) -> Any:
        holder, item = Dataset(), Dataset()
        item.PixelSpacing = [spacing, spacing]
        holder.PixelMeasuresSequence = make.sequence(item)
        return holder

    path = make.write_dicom(
        tmp_path / "film",
        np.stack([make.film()] * 2),
        frames=2,
        SharedFunctionalGroupsSequence=make.sequence(measures(0.5)),
        PerFrameFunctionalGroupsSequence=make.sequence(Dataset(), measures(0.25)),
    )
    spacings = [decode(ImageRef(path, frame)).spacing for frame in range(2)]
    assert [spacing and spacing.row_mm for spacing in spacings] == [0.5, 0.25]
