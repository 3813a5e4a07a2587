"""Writes phantom films as the files a hospital would send: DX objects by PS3.3 A.26, and a few PNGs among them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imaging.phantom import BITS, Phantom, make_phantom
from imaging.progress import CancelToken, Progress, no_progress

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

FIRST_SEED = 5950
SPACING_MM = 0.4  # a 41 cm detector, read out at about a thousand pixels
PATIENT_ID = "PHANTOM-01"
TRUTH_FILE = "truth.json"
MODEL_FILE = "negatoscope.json"
_DATE, _TIME = "20260101", "120000"
_OPACITIES = (0, 2, 0, 1, 1, 0, 3, 0, 1, 0, 0, 2)  # by film, over and over: every second one is healthy
_KINDS = ("dicom", "dicom", "dicom", "dicom", "png16", "dicom", "dicom", "dicom", "png8", "dicom", "dicom", "png16")
_SITE = "Drawn, not exposed"
_TOP = (1 << BITS) - 1


def write_examples(
    folder: Path,
    count: int = 12,
    token: CancelToken | None = None,
    progress: Progress = no_progress,
    *,
    size_px: tuple[int, int] = (1024, 1024),
) -> tuple[Path, ...]:
    """Write `count` films, their truth and the name of their model into `folder`; the films' paths, in order.

    `truth.json` maps each file name to its size (height, width) and its opacities in pixels. The same arguments write
    the same bytes. Raises OSError where the folder can't be written, and `Cancelled`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    films: dict[str, Any] = {}
    paths = []
    for number in range(1, count + 1):
        if token is not None:
            token.check()
        kind = _KINDS[(number - 1) % len(_KINDS)]
        phantom = make_phantom(FIRST_SEED + number, size_px, _OPACITIES[(number - 1) % len(_OPACITIES)])
        path = folder / f"film-{number:02d}.{'dcm' if kind == 'dicom' else 'png'}"
        _replaced(path, partial(_write, phantom, kind, number))
        films[path.name] = {
            "seed": phantom.seed,
            "size_px": list(size_px),
            "opacities": [asdict(opacity) for opacity in phantom.opacities],
        }
        paths.append(path)
        progress(number, count)
    _write_json(folder / TRUTH_FILE, {"schema": 1, "films": films})
    _write_json(folder / MODEL_FILE, {"schema": 1, "model": "practice"})
    return tuple(paths)


def _replaced(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside `path` and rename, so that a half-written film never stands there."""
    part = path.with_name(path.name + ".part")
    write(part)
    part.replace(path)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1) + "\n"
    _replaced(path, lambda to: to.write_bytes(text.encode("utf-8")))


def _write(phantom: Phantom, kind: str, number: int, path: Path) -> None:
    if kind == "dicom":
        dicom_of(phantom, number).save_as(path, enforce_file_format=True)
    else:
        _write_png(path, phantom, sixteen_bit=kind == "png16")


def _write_png(path: Path, phantom: Phantom, *, sixteen_bit: bool) -> None:
    """A PNG, bright for bone: the 12 bits as they are in 16, or the film through its window in 8."""
    from PIL import Image

    bright = _TOP - phantom.pixels if phantom.inverted else phantom.pixels
    if not sixteen_bit:
        centre, width = phantom.window
        centre = _TOP - centre if phantom.inverted else centre
        shown = np.clip((bright.astype(np.float64) - centre) / width + 0.5, 0.0, 1.0)
        bright = np.rint(255.0 * shown).astype(np.uint8)
    Image.fromarray(bright).save(path, format="PNG")


def _uid(*parts: object) -> UID:
    """A UID derived from a UUID (PS3.5 B.2), the same for the same parts."""
    from pydicom.uid import UID

    name = "/".join(str(part) for part in ("negatoscope phantom", *parts))
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}")


def _code(value: str, meaning: str, scheme: str = "SCT") -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def dicom_of(phantom: Phantom, number: int) -> Dataset:
    """The film as a Digital X-Ray Image Storage - For Presentation object, uncompressed.

    Its study is named by `number`; its SOP Instance UID by the seed, the size and what was planted as well.
    """
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = _uid(number, phantom.seed, phantom.pixels.shape, phantom.opacities)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("implementation")
    film = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    _describe(film, number)
    _acquire(film)
    _present(film, phantom, number)
    return film


def _describe(film: Dataset, number: int) -> None:
    """Patient, study, series and equipment."""
    film.SpecificCharacterSet = "ISO_IR 100"
    film.PatientName, film.PatientID = f"Practice^Film {number:02d}", PATIENT_ID
    film.PatientBirthDate, film.PatientSex = "", "O"
    film.StudyInstanceUID, film.SeriesInstanceUID = _uid("study", number), _uid("series", number)
    film.FrameOfReferenceUID, film.PositionReferenceIndicator = _uid("frame", number), ""
    film.StudyID, film.SeriesNumber, film.InstanceNumber = f"{number}", 1, 1
    film.AccessionNumber, film.ReferringPhysicianName = "", ""
    film.StudyDate = film.SeriesDate = film.AcquisitionDate = film.ContentDate = _DATE
    film.StudyTime = film.SeriesTime = film.AcquisitionTime = film.ContentTime = _TIME
    film.StudyDescription, film.SeriesDescription = "Chest PA (synthetic)", "Phantom"
    film.Modality, film.PresentationIntentType = "DX", "FOR PRESENTATION"
    film.Manufacturer, film.ManufacturerModelName = "Negatoscope", "Phantom"
    film.InstitutionName, film.DeviceSerialNumber, film.SoftwareVersions = _SITE, "0", "1"


def _acquire(film: Dataset) -> None:
    """How the film is said to have been taken: PA, the patient facing the detector."""
    from pydicom.sequence import Sequence

    film.BodyPartExamined, film.ViewPosition, film.ImageLaterality = "CHEST", "PA", "U"
    film.PatientOrientation = ["L", "F"]
    film.AnatomicRegionSequence = Sequence([_code("51185008", "Chest")])
    view = _code("399348003", "postero-anterior")
    view.ViewModifierCodeSequence = Sequence([])
    film.ViewCodeSequence = Sequence([view])
    film.PositionerType, film.DetectorType = "", "DIRECT"
    film.ImagerPixelSpacing = film.PixelSpacing = [SPACING_MM, SPACING_MM]
    film.AcquisitionContextSequence = Sequence([])


def _present(film: Dataset, phantom: Phantom, number: int) -> None:
    """The pixels and the way from them to the screen."""
    film.ImageType = ["DERIVED", "PRIMARY", ""]
    film.DerivationDescription = "Synthetic film with known truth"
    film.Rows, film.Columns = phantom.pixels.shape
    film.SamplesPerPixel, film.PixelRepresentation = 1, 0
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, BITS, BITS - 1
    film.PhotometricInterpretation = "MONOCHROME1" if phantom.inverted else "MONOCHROME2"
    film.PresentationLUTShape = "INVERSE" if phantom.inverted else "IDENTITY"
    film.PixelIntensityRelationship = "LOG"
    film.PixelIntensityRelationshipSign = 1 if phantom.inverted else -1
    film.RescaleIntercept, film.RescaleSlope, film.RescaleType = 0, 1, "US"
    film.LossyImageCompression, film.BurnedInAnnotation = "00", "NO"
    centre, width = phantom.window
    film.WindowCenter, film.WindowWidth = [centre, centre], [width, round(0.6 * width)]
    film.WindowCenterWidthExplanation = ["NORMAL", "HARDER"]
    film.VOILUTFunction = "SIGMOID" if number % 5 == 0 else "LINEAR"
    film.PixelData = phantom.pixels.astype("<u2").tobytes()
