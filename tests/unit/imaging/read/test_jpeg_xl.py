"""What JPEG XL codestreams say of themselves, against their encoder."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from imaging.read.jpeg_xl import is_jpeg_xl, read_size


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize(
    "shape", [(8, 8), (256, 256), (24, 32), (200, 300), (1, 9), (700, 600), (1920, 1080), (97, 513)]
)
def test_size_and_depth(shape: tuple[int, int], kind: str, container: bool) -> None:
    data = bytes(imagecodecs.jpegxl_encode(np.zeros(shape, kind), lossless=True, effort=1, usecontainer=container))
    assert is_jpeg_xl(data)
    assert read_size(data) == (*shape, 8 if kind == "u1" else 16)


def test_the_largest_there_can_be_is_read_and_left_to_the_caller() -> None:
    bits = "0" + "11" + f"{(1 << 30) - 1:030b}"[::-1] + "100" + "0" * 40  # rows of 2**30, as many columns
    data = int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
    rows, columns, _ = read_size(b"\xff\x0a" + data)
    assert (rows, columns) == (1 << 30, 1 << 30)


@pytest.mark.parametrize("data", [b"\xff\x0a", b"\xff\x0a\x00", b"\x00\x00\x00\x0cJXL \r\n\x87\n"])
def test_cut_headers(data: bytes) -> None:
    with pytest.raises(ValueError, match="JPEG XL"):
        read_size(data)
