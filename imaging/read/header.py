"""The words and the millimetres of a DICOM header."""

from __future__ import annotations

import math
from typing import cast

from imaging.image import Calibration, Header, Spacing
from imaging.read.values import Elements, holders, number, numbers, text, texts

_LOSSY_SYNTAXES = frozenset(
    f"1.2.840.10008.1.2.4.{last}" for last in ("50", "51", "53", "55", "81", "91", "93", "203", "112")
)
_MOST_ASPECT = 16.0
_SLICES = frozenset({"CT", "MR", "PT", "NM"})  # modalities whose Pixel Spacing lies in the patient
# The directions of PS3.3 C.7.6.1.1.1; each axis of Image Orientation (Patient) points to left, posterior, head.
_TOWARDS = (("L", "R"), ("P", "A"), ("H", "F"))


def read_header(dataset: Elements, transfer_syntax: str, frame: int = 0) -> Header:
    """What the corner text and the list show. Dates as '2026-11-21', names as 'Family, Given'."""
    return Header(
        patient_name=person_name(text(dataset, "PatientName")),
        patient_id=text(dataset, "PatientID"),
        birth_date=iso_date(text(dataset, "PatientBirthDate")),
        sex=text(dataset, "PatientSex"),
        age=_age(text(dataset, "PatientAge")),
        study_uid=text(dataset, "StudyInstanceUID"),
        study_date=iso_date(text(dataset, "StudyDate")),
        study_description=text(dataset, "StudyDescription"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        series_number=text(dataset, "SeriesNumber"),
        series_description=text(dataset, "SeriesDescription"),
        instance_number=text(dataset, "InstanceNumber"),
        modality=text(dataset, "Modality"),
        body_part=text(dataset, "BodyPartExamined"),
        view_position=text(dataset, "ViewPosition"),
        laterality=_laterality(dataset, frame),
        orientation=_orientation(dataset, frame),
        institution=text(dataset, "InstitutionName"),
        transfer_syntax=transfer_syntax,
        icc="ICCProfile" in dataset,
        lossy=lossy_mark(dataset, transfer_syntax),
    )


def person_name(name: str) -> str:
    """A person name (PS3.5 6.2, VR PN) as it is read: 'Family, Given Middle'; the first spelling that is not empty."""
    spelling = next((group for group in name.split("=") if group.strip("^ ")), "")
    parts = [part.strip() for part in spelling.split("^")] + [""] * 5
    family, given, middle, prefix, suffix = parts[:5]
    first = " ".join(part for part in (prefix, given, middle, suffix) if part)
    return ", ".join(part for part in (family, first) if part)


def iso_date(date: str) -> str:
    """'20261121' or '2026.11.21' as '2026-11-21'; anything else as it is."""
    digits = date.replace(".", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdigit() else date


def _age(age: str) -> str:
    """'045Y' as '45 y'."""
    return f"{int(age[:3])} {age[3].lower()}" if len(age) == 4 and age[:3].isdigit() else age


def lossy_mark(dataset: Elements, transfer_syntax: str) -> str:
    """'Lossy 12:1', 'Lossy', or '' (PS3.3 C.7.6.1.1.5): once lossy, always lossy, whatever the syntax is now.

    A syntax that may be lossy without a word in the header counts as lossy.
    """
    said = text(dataset, "LossyImageCompression")
    if said != "01" and (said == "00" or transfer_syntax not in _LOSSY_SYNTAXES):
        return ""
    ratio = math.prod(numbers(dataset, "LossyImageCompressionRatio") or (0.0,))
    return f"Lossy {ratio:.3g}:1" if 1.0 < ratio < 1000.0 else "Lossy"


def _laterality(dataset: Elements, frame: int) -> str:
    """The side of the patient that was filmed, R, L, U (unpaired) or B (both): the frame's own first."""
    for holder in holders(dataset, frame, "FrameAnatomySequence"):
        if side := text(holder, "FrameLaterality"):
            return side.upper()
    return (text(dataset, "ImageLaterality") or text(dataset, "Laterality")).upper()


def _orientation(dataset: Elements, frame: int) -> tuple[str, str]:
    """Patient Orientation; else the main directions of Image Orientation (Patient), of the frame where it has its own.

    View Position is no substitute: it says how the patient stood, not how the film was put into the file.
    """
    directions = texts(dataset, "PatientOrientation")
    if len(directions) == 2:
        return directions[0].upper(), directions[1].upper()
    for holder in holders(dataset, frame, "PlaneOrientationSequence"):
        cosines = numbers(holder, "ImageOrientationPatient")
        if len(cosines) == 6 and any(cosines[:3]) and any(cosines[3:]):
            return _direction(cosines[:3]), _direction(cosines[3:])
    return "", ""


def _direction(axis: tuple[float, ...]) -> str:
    """The main direction of a row or column, as a letter."""
    strongest = max(range(3), key=lambda index: abs(axis[index]))
    return _TOWARDS[strongest][0 if axis[strongest] > 0 else 1]


def read_spacing(dataset: Elements, frame: int) -> Spacing | None:
    """Millimetres a pixel and where they come from (PS3.3 10.7.1.3); None where the file gives none.

    Pixel Spacing first: in slices it lies in the patient; in projections it is calibrated where the file says so or
    where it differs from the detector's or the scanner's. Then Imager Pixel Spacing, divided by the magnification where
    this is known, and last the scanner's.
    """
    patient = next(
        (pair for holder in holders(dataset, frame, "PixelMeasuresSequence") if (pair := _pair(holder))), None
    )
    detector = _pair(dataset, "ImagerPixelSpacing")
    scanner = _pair(dataset, "NominalScannedPixelSpacing")
    if patient:
        if detector and _same(patient, detector):
            return Spacing(*patient, "detector")
        if scanner and _same(patient, scanner):
            return Spacing(*patient, "scanner")
        return _by_pixel_spacing(dataset, patient, differs=bool(detector or scanner))
    if detector:
        factor = _magnification(dataset)
        if factor is None:
            return Spacing(*detector, "detector")
        return Spacing(detector[0] / factor, detector[1] / factor, "magnified", magnification=factor)
    return Spacing(*scanner, "scanner") if scanner else None


def _by_pixel_spacing(dataset: Elements, pair: tuple[float, float], *, differs: bool) -> Spacing:
    """Pixel Spacing that does not repeat the detector's or the scanner's; it `differs` where there is one."""
    way = text(dataset, "PixelSpacingCalibrationType").upper()
    if way in ("GEOMETRY", "FIDUCIAL"):
        return Spacing(*pair, "calibrated", cast(Calibration, way))
    if differs:
        return Spacing(*pair, "calibrated")
    return Spacing(*pair, "patient" if text(dataset, "Modality").upper() in _SLICES else "stated")


def read_aspect(dataset: Elements, spacing: Spacing | None) -> float:
    """The height of a pixel over its width: by its spacing, else by Pixel Aspect Ratio (PS3.3 C.7.6.3.1.7).

    1 where the file says nothing, and where it says what no scanner makes: such a film would be a line.
    """
    pair = numbers(dataset, "PixelAspectRatio")
    if spacing is not None:
        pair = (spacing.row_mm, spacing.column_mm)
    if len(pair) != 2 or min(pair) <= 0:
        return 1.0
    aspect = pair[0] / pair[1]
    square = math.isclose(aspect, 1.0, rel_tol=1e-3)
    return 1.0 if square or not 1.0 / _MOST_ASPECT <= aspect <= _MOST_ASPECT else aspect


def _pair(dataset: Elements, keyword: str = "PixelSpacing") -> tuple[float, float] | None:
    """Row and column spacing in mm, None unless both are positive."""
    found = numbers(dataset, keyword)
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(one, other, strict=True))


def _magnification(dataset: Elements) -> float | None:
    """Estimated Radiographic Magnification Factor, else source to detector over source to patient."""
    factor = number(dataset, "EstimatedRadiographicMagnificationFactor")
    if factor is not None and factor > 0:
        return factor
    detector_mm = number(dataset, "DistanceSourceToDetector")
    patient_mm = number(dataset, "DistanceSourceToPatient")
    if detector_mm and patient_mm and detector_mm >= patient_mm > 0:
        return detector_mm / patient_mm
    return None
