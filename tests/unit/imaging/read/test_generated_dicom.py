"""Generated DICOM files come out of `decode` as the pixels that went in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from imaging.image import ModalityLut, Rescale, VoiLut, Window
from imaging.read.decode import decode
from imaging.study import ImageRef
from tests import dicom_files as make


def decoded(path: Path, frame: int = 0) -> Any:
    return decode(ImageRef(path, frame))


@pytest.mark.parametrize("syntax", [*make.NATIVE, *make.LOSSLESS])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (12, False), (16, False), (16, True)])
def test_lossless_syntaxes_keep_every_pixel(tmp_path: Path, syntax: str, bits: int, signed: bool) -> None:
    pixels = make.film(bits=bits, signed=signed)
    path = make.write_dicom(tmp_path / "film", pixels, bits_stored=bits, transfer_syntax=syntax)
    image = decoded(path)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixels.dtype == pixels.dtype
    assert image.bits == bits
    assert image.complete == 1.0
    assert image.header.transfer_syntax == syntax


@pytest.mark.parametrize("syntax", [make.JPEG_BASELINE, make.JPEG_EXTENDED])
def test_lossy_jpeg_is_close_and_marked(tmp_path: Path, syntax: str) -> None:
    bits = 8 if syntax == make.JPEG_BASELINE else 12
    pixels = make.film(64, 64, bits=bits)
    image = decoded(make.write_dicom(tmp_path / "film", pixels, bits_stored=bits, transfer_syntax=syntax))
    assert np.abs(image.pixels.astype(float) - pixels).mean() < 0.02 * (1 << bits)
    assert image.header.lossy == "Lossy"


@pytest.mark.parametrize("syntax", make.NATIVE)
@pytest.mark.parametrize("kind", ["u4", "i4", "f4", "f8"])
def test_deep_pixels(tmp_path: Path, syntax: str, kind: str) -> None:
    pixels = (make.film(bits=16).astype(np.int64) * 1000 - (0 if kind == "u4" else 7)).astype(kind)
    image = decoded(make.write_dicom(tmp_path / "film", pixels, transfer_syntax=syntax))
    np.testing.assert_array_equal(image.pixels, pixels.astype("f4") if kind == "f8" else pixels)
    assert image.bits == 32


def test_what_is_not_finite_becomes_the_smallest_value(tmp_path: Path) -> None:
    pixels = make.film(bits=12).astype("f4") + 5
    expected = pixels.copy()
    pixels[3, 3], pixels[4, 4], pixels[5, 5] = np.nan, np.inf, -np.inf
    expected[3, 3] = expected[4, 4] = expected[5, 5] = expected.min()
    np.testing.assert_array_equal(decoded(make.write_dicom(tmp_path / "film", pixels)).pixels, expected)


@pytest.mark.parametrize("signed", [False, True])
def test_bits_above_bits_stored_are_cleared(tmp_path: Path, signed: bool) -> None:
    pixels = make.film(bits=12, signed=signed)
    overlaid = (pixels.astype(np.int32) & 0x0FFF) | 0xA000
    path = make.write_dicom(tmp_path / "film", overlaid.astype("u2").view(pixels.dtype), bits_stored=12)
    np.testing.assert_array_equal(decoded(path).pixels, pixels)


def test_a_high_bit_above_bits_stored_shifts(tmp_path: Path) -> None:
    pixels = make.film(bits=12)
    path = make.write_dicom(tmp_path / "film", pixels << 4 | 0x5, bits_stored=12, high_bit=15)
    np.testing.assert_array_equal(decoded(path).pixels, pixels)


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.JPEG_LOSSLESS, make.RLE])
def test_frames(tmp_path: Path, syntax: str) -> None:
    frames = np.stack([make.film(bits=12, seed=seed) for seed in range(3)])
    path = make.write_dicom(tmp_path / "film", frames, bits_stored=12, frames=3, transfer_syntax=syntax)
    for index in range(3):
        image = decoded(path, index)
        np.testing.assert_array_equal(image.pixels, frames[index])
        assert image.frames == 3


@pytest.mark.parametrize("frame", [0, 1, 2])
def test_single_bits_whose_frames_do_not_start_on_a_byte(tmp_path: Path, frame: int) -> None:
    frames = np.random.default_rng(1).random((3, 5, 7)) > 0.5
    image = decoded(make.write_dicom(tmp_path / "mask", frames, frames=3), frame)
    np.testing.assert_array_equal(image.pixels, frames[frame].astype("u1"))
    assert image.bits == 1


class TestColour:
    rgb = np.stack([make.film(bits=8), make.film(bits=8)[::-1], make.film(bits=8)[:, ::-1]], axis=-1)

    @pytest.mark.parametrize("syntax", [*make.NATIVE, make.RLE, make.JPEG_LS, make.JPEG_2000])
    def test_rgb(self, tmp_path: Path, syntax: str) -> None:
        path = make.write_dicom(tmp_path / "film", self.rgb, photometric="RGB", transfer_syntax=syntax)
        np.testing.assert_array_equal(decoded(path).pixels, self.rgb)

    def test_planes(self, tmp_path: Path) -> None:
        path = make.write_dicom(tmp_path / "film", self.rgb, photometric="RGB", planar=True)
        np.testing.assert_array_equal(decoded(path).pixels, self.rgb)

    def test_deep_colours_keep_their_upper_bits(self, tmp_path: Path) -> None:
        deep = self.rgb.astype("u2") << 8 | 0x7F
        np.testing.assert_array_equal(
            decoded(make.write_dicom(tmp_path / "film", deep, photometric="RGB")).pixels, self.rgb
        )

    def test_equal_channels_are_grey(self, tmp_path: Path) -> None:
        grey = make.film(bits=8)
        path = make.write_dicom(tmp_path / "film", np.stack([grey] * 3, axis=-1), photometric="RGB")
        image = decoded(path)
        np.testing.assert_array_equal(image.pixels, grey)
        assert image.voi == (Window(127.5, 255.0, "LINEAR_EXACT", "as stored"),)

    def test_ybr_full_by_the_formula_of_the_standard(self, tmp_path: Path) -> None:
        ybr = np.array([[[76, 85, 255], [150, 44, 21]], [[29, 255, 107], [128, 128, 128]]], "u1")
        image = decoded(make.write_dicom(tmp_path / "film", ybr, photometric="YBR_FULL"))
        expected = [[[254, 0, 0], [0, 255, 1]], [[0, 0, 254], [128, 128, 128]]]
        np.testing.assert_allclose(image.pixels.astype(int), expected, atol=1)

    def test_halved_chrominance_is_doubled(self, tmp_path: Path) -> None:
        full = np.array([[[60, 90, 200], [80, 90, 200], [100, 30, 40], [120, 30, 40]]] * 2, "u1")
        packed = np.array([[60, 80, 90, 200, 100, 120, 30, 40]] * 2, "u1")
        made = make.dataset(full, photometric="YBR_FULL_422", PixelData=packed.tobytes())
        image = decoded(make.write_dataset(tmp_path / "halved", made))
        whole = decoded(make.write_dicom(tmp_path / "whole", full, photometric="YBR_FULL"))
        np.testing.assert_array_equal(image.pixels, whole.pixels)

    @pytest.mark.parametrize("syntax", [make.EXPLICIT, make.BIG_ENDIAN, make.RLE])
    def test_palette(self, tmp_path: Path, syntax: str) -> None:
        indices = np.arange(64, dtype="u1").reshape(8, 8)
        tables: dict[str, Any] = {}
        for name, table in (("Red", np.arange(64) * 4), ("Green", 255 - np.arange(64)), ("Blue", np.full(64, 9))):
            tables[f"{name}PaletteColorLookupTableDescriptor"] = [64, 0, 16]
            words = (table.astype("u2") * 257).astype(">u2" if syntax == make.BIG_ENDIAN else "<u2")
            tables[f"{name}PaletteColorLookupTableData"] = words.tobytes()
        made = make.dataset(indices, photometric="PALETTE COLOR", transfer_syntax=syntax, **tables)
        image = decoded(make.write_dataset(tmp_path / "film", made))
        expected = np.stack([indices.astype(int) * 4, 255 - indices, np.full_like(indices, 9)], axis=-1)
        np.testing.assert_array_equal(image.pixels, expected)


class TestGreyChain:
    def image(self, folder: Path, signed: bool = False, **elements: Any) -> Any:
        pixels = make.film(bits=12, signed=signed)
        return decoded(make.write_dicom(folder / "film", pixels, bits_stored=12, **elements))

    def test_nothing_said(self, tmp_path: Path) -> None:
        image = self.image(tmp_path)
        assert (image.inverted, image.modality, image.voi, image.padding) == (False, Rescale(), (), None)
        assert image.spacing is None

    @pytest.mark.parametrize(
        ("photometric", "shape", "inverted"),
        [
            ("MONOCHROME1", None, True),
            ("MONOCHROME1", "INVERSE", True),
            ("MONOCHROME2", "INVERSE", True),
            ("MONOCHROME2", "IDENTITY", False),
        ],
    )
    def test_inverted(self, tmp_path: Path, photometric: str, shape: str | None, inverted: bool) -> None:
        assert self.image(tmp_path, photometric=photometric, PresentationLUTShape=shape).inverted is inverted

    def test_rescale(self, tmp_path: Path) -> None:
        assert self.image(tmp_path, RescaleSlope=2, RescaleIntercept=-100).modality == Rescale(2.0, -100.0)

    def test_a_slope_of_zero_would_erase_the_film(self, tmp_path: Path) -> None:
        assert self.image(tmp_path, RescaleSlope=0, RescaleIntercept=5).modality == Rescale(1.0, 5.0)

    def test_windows_with_their_explanations(self, tmp_path: Path) -> None:
        elements = make.window([2000, 1000], [4000, 500], function="SIGMOID", explanation=["NORMAL", "HARDER"])
        assert self.image(tmp_path, **elements).voi == (
            Window(2000, 4000, "SIGMOID", "NORMAL"),
            Window(1000, 500, "SIGMOID", "HARDER"),
        )

    def test_impossible_windows_are_left_out(self, tmp_path: Path) -> None:
        assert self.image(tmp_path, **make.window([10, 20], [0, 30])).voi == (Window(20, 30, "LINEAR", ""),)

    def test_voi_luts_come_before_windows(self, tmp_path: Path) -> None:
        table = make.lut(range(0, 65536, 16), first=-5, explanation="BONE", signed=True)
        image = self.image(tmp_path, VOILUTSequence=make.sequence(table), **make.window(100, 200))
        first, second = image.voi
        assert isinstance(first, VoiLut)
        assert (first.first, first.bits, first.explanation) == (-5, 16, "BONE")
        assert first.values.dtype == np.uint16
        np.testing.assert_array_equal(first.values, np.arange(0, 65536, 16))
        assert second == Window(100, 200)

    def test_a_frames_own_voi_comes_before_that_of_the_file(self, tmp_path: Path) -> None:
        groups = [Dataset() for _ in range(3)]
        with_lut, with_window = Dataset(), Dataset()
        with_lut.VOILUTSequence = make.sequence(make.lut(range(0, 65536, 16), explanation="FRAME"))
        with_window.WindowCenter, with_window.WindowWidth = 7, 8
        groups[0].FrameVOILUTSequence = make.sequence(with_lut)
        groups[1].FrameVOILUTSequence = make.sequence(with_window)
        frames = np.stack([make.film(seed=seed) for seed in range(3)])
        elements = {"PerFrameFunctionalGroupsSequence": make.sequence(*groups), **make.window(100, 200)}
        path = make.write_dicom(tmp_path / "film", frames, frames=3, **elements)
        (lut,) = decoded(path, 0).voi
        assert isinstance(lut, VoiLut)
        assert lut.explanation == "FRAME"
        assert [decoded(path, frame).voi for frame in (1, 2)] == [(Window(7, 8),), (Window(100, 200),)]

    def test_a_modality_lut_wins_over_the_rescale(self, tmp_path: Path) -> None:
        table = make.sequence(make.lut(range(4096), first=-2048, bits=12, signed=True))
        modality = self.image(tmp_path, signed=True, ModalityLUTSequence=table, RescaleSlope=3).modality
        assert isinstance(modality, ModalityLut)
        assert (modality.first, modality.bits, modality.values.size) == (-2048, 12, 4096)

    def test_a_lut_deeper_than_it_says(self, tmp_path: Path) -> None:
        table = make.sequence(make.lut([0, 500, 1000], bits=8))
        (voi,) = self.image(tmp_path, VOILUTSequence=table).voi
        assert isinstance(voi, VoiLut)
        assert voi.bits == 10

    def test_padding(self, tmp_path: Path) -> None:
        image = self.image(tmp_path, PixelPaddingValue=4000, PixelPaddingRangeLimit=3000)
        assert image.padding == (3000.0, 4000.0)

    def test_padding_is_cut_to_the_bits_of_the_pixels(self, tmp_path: Path) -> None:
        assert self.image(tmp_path, PixelPaddingValue=0xFFFF).padding == (4095.0, 4095.0)
