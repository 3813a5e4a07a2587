"""Which elements are read of a file: for the list, and for a film. Keyword to group, element and VR (PS3.6)."""

from __future__ import annotations

# Enough for the list and for telling whether there is a picture.
LISTED = {
    "SpecificCharacterSet": (0x0008, 0x0005, "CS"),
    "SOPClassUID": (0x0008, 0x0016, "UI"),
    "SOPInstanceUID": (0x0008, 0x0018, "UI"),
    "StudyDate": (0x0008, 0x0020, "DA"),
    "Modality": (0x0008, 0x0060, "CS"),
    "InstitutionName": (0x0008, 0x0080, "LO"),
    "StudyDescription": (0x0008, 0x1030, "LO"),
    "SeriesDescription": (0x0008, 0x103E, "LO"),
    "PatientName": (0x0010, 0x0010, "PN"),
    "PatientID": (0x0010, 0x0020, "LO"),
    "PatientBirthDate": (0x0010, 0x0030, "DA"),
    "PatientSex": (0x0010, 0x0040, "CS"),
    "PatientAge": (0x0010, 0x1010, "AS"),
    "BodyPartExamined": (0x0018, 0x0015, "CS"),
    "ViewPosition": (0x0018, 0x5101, "CS"),
    "StudyInstanceUID": (0x0020, 0x000D, "UI"),
    "SeriesInstanceUID": (0x0020, 0x000E, "UI"),
    "SeriesNumber": (0x0020, 0x0011, "IS"),
    "InstanceNumber": (0x0020, 0x0013, "IS"),
    "PatientOrientation": (0x0020, 0x0020, "CS"),
    "Laterality": (0x0020, 0x0060, "CS"),
    "ImageLaterality": (0x0020, 0x0062, "CS"),
    "NumberOfFrames": (0x0028, 0x0008, "IS"),
    "Rows": (0x0028, 0x0010, "US"),
    "Columns": (0x0028, 0x0011, "US"),
    "LossyImageCompression": (0x0028, 0x2110, "CS"),
    "LossyImageCompressionRatio": (0x0028, 0x2112, "DS"),
}

# All that a film may be asked for, but for what is `LEFT`.
SHOWN = LISTED | {
    "DistanceSourceToDetector": (0x0018, 0x1110, "DS"),
    "DistanceSourceToPatient": (0x0018, 0x1111, "DS"),
    "EstimatedRadiographicMagnificationFactor": (0x0018, 0x1114, "DS"),
    "ImagerPixelSpacing": (0x0018, 0x1164, "DS"),
    "NominalScannedPixelSpacing": (0x0018, 0x2010, "DS"),
    "ImageOrientationPatient": (0x0020, 0x0037, "DS"),
    "FrameLaterality": (0x0020, 0x9072, "CS"),
    "SamplesPerPixel": (0x0028, 0x0002, "US"),
    "PhotometricInterpretation": (0x0028, 0x0004, "CS"),
    "PlanarConfiguration": (0x0028, 0x0006, "US"),
    "PixelSpacing": (0x0028, 0x0030, "DS"),
    "PixelAspectRatio": (0x0028, 0x0034, "IS"),
    "BitsAllocated": (0x0028, 0x0100, "US"),
    "BitsStored": (0x0028, 0x0101, "US"),
    "HighBit": (0x0028, 0x0102, "US"),
    "PixelRepresentation": (0x0028, 0x0103, "US"),
    "PixelPaddingValue": (0x0028, 0x0120, "US or SS"),
    "PixelPaddingRangeLimit": (0x0028, 0x0121, "US or SS"),
    "PixelSpacingCalibrationType": (0x0028, 0x0A02, "CS"),
    "WindowCenter": (0x0028, 0x1050, "DS"),
    "WindowWidth": (0x0028, 0x1051, "DS"),
    "RescaleIntercept": (0x0028, 0x1052, "DS"),
    "RescaleSlope": (0x0028, 0x1053, "DS"),
    "WindowCenterWidthExplanation": (0x0028, 0x1055, "LO"),
    "VOILUTFunction": (0x0028, 0x1056, "CS"),
    "PresentationLUTShape": (0x2050, 0x0020, "CS"),
}

# Keywords that may have several values.
SEVERAL = frozenset(
    {"PatientOrientation", "LossyImageCompressionRatio", "ImageOrientationPatient", "PixelAspectRatio"}
    | {"PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"}
    | {"WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"}
)

# Group and element of what is no plain value: a film that has any of them is left to pydicom.
LEFT = (
    (0x0028, 0x2000),  # ICC Profile
    (0x0028, 0x3000),  # Modality LUT Sequence
    (0x0028, 0x3010),  # VOI LUT Sequence
    (0x5200, 0x9229),  # Shared Functional Groups Sequence
    (0x5200, 0x9230),  # Per-Frame Functional Groups Sequence
    *((group, 0x0010) for group in range(0x6000, 0x6020, 2)),  # Overlay Rows, without which there is no overlay
    (0x7FE0, 0x0001),  # Extended Offset Table
    (0x7FE0, 0x0008),  # Float Pixel Data
    (0x7FE0, 0x0009),  # Double Float Pixel Data
)
