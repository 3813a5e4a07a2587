"""What a film's file says of it, and what follows for the gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from imaging.image import DecodedImage, Header
from imaging.phantom import make_phantom, to_image
from imaging.study import ImageRef
from inference.gate.gate_facts import FilmFacts, against, film_facts, has_colours, spoilt

Rgb = npt.NDArray[np.uint8]


def _grey_ramp() -> npt.NDArray[np.float32]:
    return np.asarray(make_phantom(3, (128, 128)).pixels / 16, np.float32)


def _as_rgb(*channels: npt.NDArray[np.float32]) -> Rgb:
    return np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "facts",
    [
        FilmFacts(),
        FilmFacts("CR", "CHEST", "PA", "L"),
        FilmFacts("DX", "CHEST PORT", "AP", "R", size_px=(2500, 2048)),
        FilmFacts("OT"),
        FilmFacts("RG", "THORAX", "AP"),
        FilmFacts("DX", "RIBS"),
        FilmFacts("DX", "CHESTABDOMEN"),
        FilmFacts("DX", "CHEST", "LATERAL DECUBITUS"),
        FilmFacts("CR", "TORACE", "POSTERO_ANTERIOR"),
    ],
)
def test_what_may_be_a_frontal_chest_film_goes_on_to_the_picture(facts: FilmFacts) -> None:
    assert not against(facts)
    assert not spoilt(facts)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        (FilmFacts("CT", "CHEST"), "CT"),
        (FilmFacts("MR"), "MR"),
        (FilmFacts("US"), "US"),
        (FilmFacts("SEG"), "SEG"),
        (FilmFacts("CR", "HAND", "PA"), "HAND"),
        (FilmFacts("CR", "right knee"), "right knee"),
        (FilmFacts("DX", "C SPINE"), "C SPINE"),
        (FilmFacts("DX", "THORACIC SPINE"), "THORACIC SPINE"),
        (FilmFacts("DX", "CHEST", "LL"), "no frontal view"),
        (FilmFacts("DX", "CHEST", "Left Lateral"), "no frontal view"),
        (FilmFacts("DX", "CHEST", "", "A"), "no frontal view"),
        (FilmFacts(is_colour=True), "colour"),
        (FilmFacts(size_px=(300, 2000)), "strip"),
    ],
)
def test_what_is_something_else_is_said_in_words(facts: FilmFacts, word: str) -> None:
    assert word in against(facts)


def test_a_header_cannot_fill_the_window() -> None:
    said = against(FilmFacts("CR", "HAND " + "\x1b\n" + "x" * 500))
    assert len(said) < 120
    assert said.isprintable()


def test_a_cut_file_and_a_tiny_picture_are_spoilt() -> None:
    assert "62 %" in spoilt(FilmFacts(complete=0.62))
    assert "40 × 30" in spoilt(FilmFacts(size_px=(30, 40)))


def test_a_tint_is_no_colour() -> None:
    grey = _grey_ramp()
    assert not has_colours(_as_rgb(grey, grey, grey))
    assert not has_colours(_as_rgb(grey * 0.8, grey * 0.9, grey + 25)), "a film on a bluish base, photographed"
    noise = np.random.default_rng(0).normal(0, 4, (3, *grey.shape)).astype(np.float32)
    assert not has_colours(_as_rgb(*(grey + noise))), "JPEG leaves a little colour"


def test_a_mark_in_colour_is_no_colour_picture() -> None:
    rgb = _as_rgb(*[_grey_ramp()] * 3)
    rgb[5:12, 5:40] = (255, 255, 0)
    assert not has_colours(rgb)


def test_a_picture_of_several_colours_is_one_in_colour() -> None:
    grey = _grey_ramp()
    rgb = _as_rgb(grey, grey, grey)
    rgb[:, :40, 0] = np.clip(rgb[:, :40, 0].astype(int) + 60, 0, 255)
    assert has_colours(rgb)
    assert has_colours(np.full((64, 64, 3), (230, 40, 40), np.uint8)), "all of one strong colour"


def test_facts_come_from_the_decoded_film() -> None:
    header = Header(modality=" cr", body_part="CHEST", view_position="PA", orientation=("L", "F"))
    film = to_image(make_phantom(3, (128, 100)))
    image = DecodedImage(ImageRef(Path("x")), film.pixels, 12, header=header, complete=0.5)
    assert film_facts(image) == FilmFacts("CR", "CHEST", "PA", "L", False, 0.5, (128, 100))
    rgb = np.random.default_rng(1).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    assert film_facts(DecodedImage(ImageRef(Path("x")), rgb, 8)).is_colour
