"""A folder of many DICOM films for benchmarks: headers as a hospital writes them, pixel data that take no disk."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from tests import dicom_files as make

UID_ROOT = "1.2.826.0.1.3680043.8.498"
STUDY, OWN = "77717771", "88818882"  # in the place of the numbers that differ from film to film
FILMS_A_STUDY = 2


def write_films(folder: Path, count: int, side_px: int = 2048) -> Path:
    """Write `count` films of `side_px` squared, 16 bits, two a study, and return the folder.

    Each file is a header of some 3 kB and a hole of the size of its pixels, which reads as zeros: a folder of
    10,000 films of 8 MB takes 80 GB of nothing. Names, numbers and UIDs differ, as they do in an archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    header = _template()
    pixel_bytes = side_px * side_px * 2
    header = header.replace(_size(7), _size(side_px)) + pixel_bytes.to_bytes(4, "little")
    for index in range(count):
        study = index // FILMS_A_STUDY
        own = header.replace(STUDY.encode(), b"%08d" % (10_000_000 + study))
        own = own.replace(OWN.encode(), b"%08d" % (20_000_000 + index))
        with (folder / f"IM{index:06d}").open("wb") as stream:
            stream.write(own)
            stream.truncate(len(own) + pixel_bytes)
    return folder


def _size(side_px: int) -> bytes:
    """Rows and Columns as they stand in the file."""
    side = side_px.to_bytes(2, "little")
    return b"\x28\x00\x10\x00US\x02\x00" + side + b"\x28\x00\x11\x00US\x02\x00" + side


def _template() -> bytes:
    """A film up to the length of its pixel data, with numbers that are replaced."""
    film = _film()
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    block = film.private_block(0x0019, "MAKER PRIVATE", create=True)
    for element in range(20):
        block.add_new(element, "LO", f"private value {element}")
    block.add_new(0x20, "OB", bytes(600))
    stream = BytesIO()
    dcmwrite(stream, film, enforce_file_format=True)
    return stream.getvalue()[: -(7 * 7 * 2 + 4)]


def _film() -> Dataset:
    """With as many elements as detectors write."""
    return make.dataset(
        np.zeros((7, 7), np.uint16),
        bits_stored=12,
        SOPInstanceUID=f"{UID_ROOT}.3.{OWN}",
        StudyInstanceUID=f"{UID_ROOT}.1.{STUDY}",
        SeriesInstanceUID=f"{UID_ROOT}.2.{STUDY}",
        PatientName=f"FAMILY{STUDY}^GIVEN^MIDDLE",
        PatientID=f"PID{STUDY}",
        PatientBirthDate="19601124",
        PatientSex="F",
        PatientAge="065Y",
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY", ""],
        StudyDate="20261121",
        SeriesDate="20261121",
        AcquisitionDate="20261121",
        StudyTime="101500",
        AccessionNumber=f"A{STUDY}",
        Manufacturer="Maker of detectors",
        ManufacturerModelName="Detector 43",
        InstitutionName="General hospital",
        InstitutionAddress="Somewhere",
        StationName="ROOM1",
        StudyDescription="Chest",
        SeriesDescription="PA",
        ReferringPhysicianName="Referring^Doctor",
        BodyPartExamined="CHEST",
        ViewPosition="PA",
        PatientOrientation=["L", "F"],
        SeriesNumber="1",
        InstanceNumber=OWN,
        Laterality="",
        KVP="120",
        ExposureTime="8",
        XRayTubeCurrent="250",
        ExposureInuAs="2000",
        DistanceSourceToDetector="1800",
        DistanceSourceToPatient="1700",
        ImagerPixelSpacing=["0.139", "0.139"],
        ProtocolName="Chest PA",
        DeviceSerialNumber="123456",
        SoftwareVersions=["1.2", "3.4"],
        **make.window(2048, 4096),
        RescaleIntercept="0",
        RescaleSlope="1",
        RescaleType="US",
        LossyImageCompression="00",
        BurnedInAnnotation="NO",
        PresentationLUTShape="IDENTITY",
        AnatomicRegionSequence=make.sequence(_code("Chest")),
        ViewCodeSequence=make.sequence(_code("postero-anterior")),
        RequestAttributesSequence=make.sequence(_code("Procedure"), _code("Step")),
    )


def _code(meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-D3000", "SRT", meaning
    return item
