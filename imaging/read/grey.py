"""The grey transformations of a DICOM header: modality, VOI, padding, inversion."""

from __future__ import annotations

from typing import cast

import numpy as np

from imaging.image import ModalityLut, Pixels, Rescale, Voi, VoiFunction, VoiLut, Window
from imaging.read.values import Elements, holders, items, number, numbers, text, texts, value

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def is_inverted(dataset: Elements) -> bool:
    """MONOCHROME1, or an INVERSE presentation LUT (PS3.3 C.8.11.3.1.2): together they mean it once."""
    photometric = text(dataset, "PhotometricInterpretation").upper()
    return photometric == "MONOCHROME1" or text(dataset, "PresentationLUTShape").upper() == "INVERSE"


def read_modality(dataset: Elements, frame: int, signed: bool) -> Rescale | ModalityLut:
    """The Modality LUT where there is one, else the rescale; the identity where neither can be understood."""
    for item in items(dataset, "ModalityLUTSequence")[:1]:
        table = _table(item, signed)
        if table is not None:
            return ModalityLut(*table)
    for holder in holders(dataset, frame, "PixelValueTransformationSequence"):
        slope = number(holder, "RescaleSlope")
        intercept = number(holder, "RescaleIntercept")
        if slope is not None or intercept is not None:
            return Rescale(slope or 1.0, intercept or 0.0)
    return Rescale()


def read_voi(dataset: Elements, frame: int, signed: bool) -> tuple[Voi, ...]:
    """The VOI LUTs of the frame or the file, then their windows (PS3.3 C.11.2 and C.7.6.16.2.10), in their order."""
    for holder in holders(dataset, frame, "FrameVOILUTSequence"):
        luts = (_voi_lut(item, signed) for item in items(holder, "VOILUTSequence"))
        found: tuple[Voi, ...] = (*(lut for lut in luts if lut is not None), *_windows(holder))
        if found:
            return found
    return ()


def _voi_lut(item: Elements, signed: bool) -> VoiLut | None:
    table = _table(item, signed)
    return None if table is None else VoiLut(*table, text(item, "LUTExplanation"))


def _windows(holder: Elements) -> tuple[Window, ...]:
    centers, widths = numbers(holder, "WindowCenter"), numbers(holder, "WindowWidth")
    explanations = texts(holder, "WindowCenterWidthExplanation")
    named = text(holder, "VOILUTFunction").upper() or "LINEAR"
    function = cast(VoiFunction, named if named in _FUNCTIONS else "LINEAR")
    windows = []
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width <= 0:
            continue
        # LINEAR is not defined below a width of 1 (PS3.3 C.11.2.1.2.1), and floating point pixels have such windows.
        fitting: VoiFunction = "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function
        windows.append(Window(center, width, fitting, explanations[index] if index < len(explanations) else ""))
    return tuple(windows)


def _table(item: Elements, signed: bool) -> tuple[int, int, Pixels] | None:
    """(first stored value, bits of an entry, uint16 [N]) of a LUT item, None where it is damaged."""
    descriptor = [int(part) for part in numbers(item, "LUTDescriptor")]
    if len(descriptor) != 3:
        return None
    count = (descriptor[0] & 0xFFFF) or 65536
    first = descriptor[1]
    if signed and first > 32767:  # read as US where it should have been SS (PS3.3 C.11.1.1)
        first -= 65536
    entries = _entries(item, count)
    if entries is None:
        return None
    # Entries deeper than the descriptor says occur: the depth that holds them all is the true one.
    bits = max(descriptor[2] & 0xFF, int(entries.max()).bit_length(), 1)
    return first, min(bits, 16), entries


def _entries(item: Elements, count: int) -> Pixels | None:
    """The LUT's entries, uint16 [N]. Bytes are little endian words, or single bytes where they are half as many."""
    data = value(item, "LUTData")
    if isinstance(data, bytes):
        words = (
            np.frombuffer(data[: len(data) // 2 * 2], "<u2") if len(data) >= 2 * count else np.frombuffer(data, "u1")
        )
    elif data is None:
        return None
    else:
        words = np.asarray(data, dtype=np.int64).reshape(-1) & 0xFFFF
    entries = words[:count].astype(np.uint16)
    return entries if entries.size else None


def read_padding(dataset: Elements, bits: int, signed: bool, floating: bool) -> tuple[float, float] | None:
    """The range of stored values that are padding (PS3.3 C.7.5.1.1.2), as the stored values themselves are read."""
    prefix = "FloatPixelPadding" if floating else "PixelPadding"
    first = number(dataset, f"{prefix}Value")
    if first is None:
        return None
    last = number(dataset, f"{prefix}RangeLimit", first)
    if last is None or floating:
        return first, first if last is None else last
    ends = sorted((stored_value(int(first), bits, signed), stored_value(int(last), bits, signed)))
    return float(ends[0]), float(ends[1])


def stored_value(raw: int, bits: int, signed: bool) -> int:
    """`raw` wrapped to the range of `bits` stored bits, as masking and sign extension do with a pixel."""
    wrapped = raw & ((1 << bits) - 1)
    return wrapped - (1 << bits) if signed and wrapped >> (bits - 1) else wrapped
