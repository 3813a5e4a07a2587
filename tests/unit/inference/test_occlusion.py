"""Hiding a place of the film, on a network whose logit is known: how bright the film is where it looks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imaging.errors import Code, FilmError
from imaging.progress import Cancelled, CancelToken
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.engines.engine import EngineMemoryError, Floats, Output
from inference.maps.occlusion import OcclusionSpec, occlusion_map
from inference.scoring.preprocess import Grey

SIDE = 64
SPEC = OcclusionSpec()


@dataclasses.dataclass
class Looking:
    """An engine whose logit is the sum of the film within a square; it remembers how many films it saw."""

    box: tuple[slice, slice] = (slice(20, 28), slice(40, 48))
    seen: int = 0
    largest: int = 0
    answer: float = 1.0
    name: str = "onnx-cpu"
    why: str = "a test"

    def run(self, films: Floats) -> Output:
        self.seen += len(films)
        self.largest = max(self.largest, len(films))
        logits = self.answer * films[(slice(None), slice(None), *self.box)].sum(axis=(2, 3))
        return Output(logits, np.zeros((len(films), 1, 2, 2), np.float32), np.zeros((len(films), 3), np.float32))


@pytest.fixture
def film() -> Grey:
    """Dark, with a bright spot in the box that `Looking` looks at."""
    grey = np.full((SIDE, SIDE), 60, np.uint8)
    grey[20:28, 40:48] = 200
    return grey


def test_the_logit_falls_most_where_the_spot_is_hidden(film: Grey) -> None:
    engine = Looking()
    raw = occlusion_map(engine, film, 0, token=CancelToken())
    assert raw.shape == (SPEC.cells, SPEC.cells)
    assert raw.dtype == np.float32
    # The spot's centre, (24, 44), is a corner of four of the cells of four pixels.
    assert {tuple(place) for place in np.argwhere(raw > 0.98 * raw.max()).tolist()} == {
        (5, 10),
        (5, 11),
        (6, 10),
        (6, 11),
    }
    assert np.abs(raw[10:, :6]).max() < 1e-4, "hiding what the network does not look at changes nothing"
    assert raw.max() > 0.2 * 64 * (200 - 60) / 255, "a good part of the spot's brightness goes"


def test_hiding_a_place_of_an_even_film_changes_nothing() -> None:
    even = np.full((SIDE, SIDE), 90, np.uint8)
    assert np.abs(occlusion_map(Looking(), even, 0, token=CancelToken())).max() < 1e-3


def test_the_cost_is_known_beforehand_and_progress_counts_it(film: Grey) -> None:
    spec = OcclusionSpec(patch=0.25, stride=0.2, batch=7)
    engine, told = Looking(), list[tuple[int, int | None]]()
    occlusion_map(
        engine, film, 0, token=CancelToken(), progress=lambda done, total=None: told.append((done, total)), spec=spec
    )
    assert engine.seen == spec.runs == 26
    assert engine.largest == 7
    assert told == [(8, 26), (15, 26), (22, 26), (26, 26)]


def test_it_stops_between_batches(film: Grey) -> None:
    token, engine = CancelToken(), Looking()

    def stop(done: int, total: int | None = None) -> None:
        token.cancel()

    with pytest.raises(Cancelled):
        occlusion_map(engine, film, 0, token=token, progress=stop)
    assert engine.seen == 1 + SPEC.batch


def test_equal_runs_agree_whatever_the_batch(bundle: ModelBundle, films: Floats) -> None:
    engine = choose_engine(bundle, "onnx", "cpu", threads=1)
    grey = np.rint(255 * films[0, 0]).astype(np.uint8)
    first = occlusion_map(engine, grey, 0, token=CancelToken(), spec=OcclusionSpec(stride=1 / 6))
    again = occlusion_map(engine, grey, 0, token=CancelToken(), spec=OcclusionSpec(stride=1 / 6))
    single = occlusion_map(engine, grey, 0, token=CancelToken(), spec=OcclusionSpec(stride=1 / 6, batch=1))
    assert np.array_equal(first, again)
    assert np.abs(first - single).max() < 1e-5
    assert np.ptp(first) > 0


def test_a_network_that_fails_is_a_sentence(film: Grey) -> None:
    with pytest.raises(FilmError, match="no usable score") as refused:
        occlusion_map(Looking(answer=np.nan), film, 0, token=CancelToken())
    assert refused.value.code is Code.ANALYSIS_FAILED

    class Lost(Looking):
        def run(self, films: Floats) -> Output:
            raise EngineMemoryError("No memory.")

    with pytest.raises(FilmError, match="could not be run"):
        occlusion_map(Lost(), film, 0, token=CancelToken())
