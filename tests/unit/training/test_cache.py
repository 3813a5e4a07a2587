from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.progress import Cancelled, CancelToken
from imaging.read.packed.source import film_sha256
from imaging.study import ImageRef
from inference.scoring.preprocess import PreprocessSpec, load_grey
from training.films.cache import cached_films
from training.films.data_error import DataError
from training.films.manifest import LabelledFilm, read_manifest

SPEC = PreprocessSpec(size_px=32)


@pytest.fixture
def films(tmp_path: Path) -> tuple[LabelledFilm, ...]:
    for label in ("NORMAL", "SICK"):
        (tmp_path / "films" / label).mkdir(parents=True)
        for number in range(3):
            pixels = np.random.default_rng(number + 10 * (label == "SICK")).integers(0, 256, (40, 50), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "films" / label / f"{number}.png")
    return read_manifest(tmp_path / "films").films


def test_films_are_what_serving_sees_and_are_decoded_once(films: tuple[LabelledFilm, ...], tmp_path: Path) -> None:
    said: list[tuple[int, int | None]] = []
    folder = tmp_path / "cache"
    first = cached_films(films, SPEC, CancelToken(), lambda done, total=None: said.append((done, total)), folder)
    for film, cached in zip(films, first.films, strict=True):
        assert np.array_equal(cached, load_grey(ImageRef(film.path), SPEC)[0])
    assert said == [(6, 6)]
    for film in films:
        film.path.unlink()  # nothing is read a second time
    again = cached_films(films, SPEC, CancelToken(), folder=folder)
    assert np.array_equal(first.films, again.films)


def test_another_preprocess_or_other_bytes_are_decoded_anew(films: tuple[LabelledFilm, ...], tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    cached_films(films, SPEC, CancelToken(), folder=folder)
    cached_films(films, dataclasses.replace(SPEC, equalise="histogram"), CancelToken(), folder=folder)
    films[0].path.write_bytes(films[5].path.read_bytes())
    found = cached_films(read_manifest(tmp_path / "films").films, SPEC, CancelToken(), folder=folder)
    assert np.array_equal(found.films[0], found.films[5])
    assert len(list(folder.iterdir())) == 3


def test_what_cannot_be_decoded_is_told_and_the_rest_goes_on(films: tuple[LabelledFilm, ...], tmp_path: Path) -> None:
    films[2].path.write_bytes(films[2].path.read_bytes()[:60])
    films = (*films[:2], dataclasses.replace(films[2], digest=film_sha256(films[2].path)), *films[3:])
    found = cached_films(films, SPEC, CancelToken(), folder=tmp_path / "cache")
    assert found.readable.tolist() == [True, True, False, True, True, True]
    assert found.why[2].sentence.endswith(".")
    assert not found.films[2].any()
    assert cached_films(films, SPEC, CancelToken(), folder=tmp_path / "cache").why == found.why


def test_a_cancelled_run_leaves_no_half_cache(films: tuple[LabelledFilm, ...], tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        cached_films(films, SPEC, token, folder=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("name", ["films.npy", "facts.npy", "unreadable.json"])
def test_a_cache_that_a_power_cut_damaged_is_made_anew(
    name: str, films: tuple[LabelledFilm, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    before = np.array(cached_films(films, SPEC, CancelToken(), folder=folder).films)
    damaged = next(folder.glob(f"*/{name}"))
    for content in (b"", b"\x80\x04no array", b"[3]", damaged.read_bytes()[:-40]):
        damaged.write_bytes(content)
        found = cached_films(films, SPEC, CancelToken(), folder=folder)
        assert np.array_equal(found.films, before)
        assert found.sizes_px.tolist() == [[40, 50]] * 6


def test_a_cache_that_can_not_be_made_anew_is_one_sentence(films: tuple[LabelledFilm, ...], tmp_path: Path) -> None:
    cached_films(films, SPEC, CancelToken(), folder=tmp_path / "cache")
    damaged = next((tmp_path / "cache").glob("*/films.npy"))
    damaged.unlink()
    damaged.parent.rename(tmp_path / "elsewhere")
    damaged.parent.write_bytes(b"in the way")
    with pytest.raises(DataError, match="cache"):
        cached_films(films, SPEC, CancelToken(), folder=tmp_path / "cache")
