"""Many large films at once stay within the bytes that they may take together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.errors import FilmError
from imaging.read import budget
from imaging.read.budget import BUDGET, PEAK, DecodingBudget
from imaging.read.decode import decode
from imaging.read.limits import DEFAULT_LIMITS
from imaging.study import ImageRef
from inference.scoring.preprocess import PreprocessSpec, load_grey
from tests import dicom_files as make

PATIENCE_S = 30.0


class Flow:
    """Films on threads of their own, each kept in flight until it is let go."""

    def __init__(self, tried: DecodingBudget) -> None:
        self._budget = tried
        self._ends: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self.decoding: list[str] = []

    def begin(self, name: str, frame_bytes: int) -> None:
        self._ends[name] = threading.Event()
        thread = threading.Thread(target=self._run, args=(name, frame_bytes), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, name: str, frame_bytes: int) -> None:
        with self._budget.film():
            self._budget.claim(frame_bytes)
            self._note(name, begun=True)
            self._ends[name].wait(PATIENCE_S)
        self._note(name, begun=False)

    def _note(self, name: str, *, begun: bool) -> None:
        with self._changed:
            (self.decoding.append if begun else self.decoding.remove)(name)
            self._changed.notify_all()

    def end(self, name: str) -> None:
        self._ends[name].set()

    def come_to(self, *names: str) -> bool:
        """Whether these, and no others, are being decoded sooner or later."""
        with self._changed:
            return self._changed.wait_for(lambda: self.decoding == list(names), PATIENCE_S)

    def stays(self, *names: str) -> bool:
        with self._changed:
            return not self._changed.wait_for(lambda: self.decoding != list(names), 0.1)


@contextmanager
def flow(limit_bytes: int) -> Iterator[Flow]:
    tried = DecodingBudget(limit_bytes)
    made = Flow(tried)
    yield made
    for end in made._ends.values():
        end.set()
    for thread in made._threads:
        thread.join(PATIENCE_S)
    assert tried.used_bytes == 0


def test_films_wait_until_there_is_room() -> None:
    with flow(10 * PEAK) as films:
        films.begin("a", 6)
        assert films.come_to("a")
        films.begin("b", 4)
        assert films.come_to("a", "b")
        films.begin("c", 1)
        assert films.stays("a", "b")
        films.end("a")
        assert films.come_to("b", "c")


def test_a_film_larger_than_the_budget_goes_alone_and_is_not_passed_by() -> None:
    with flow(10 * PEAK) as films:
        films.begin("small", 1)
        assert films.come_to("small")
        films.begin("huge", 50)
        assert films.stays("small")
        films.begin("later", 1)
        assert films.stays("small"), "who came later does not keep the huge one waiting for ever"
        films.end("small")
        assert films.come_to("huge")
        films.end("huge")
        assert films.come_to("later")


def test_what_fails_gives_its_room_back_and_a_second_frame_never_waits() -> None:
    tried = DecodingBudget(10)

    def fail() -> None:
        with tried.film():
            tried.claim(1000)
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert tried.used_bytes == 0
    with tried.film(), tried.film():
        tried.claim(1000)
        tried.claim(1000)
        assert tried.used_bytes == 2000 * PEAK
    assert tried.used_bytes == 0


class Noting(DecodingBudget):
    """Notes how much was in flight at most, and waits a moment so that films would overlap if they could."""

    most_bytes = 0
    claims = 0

    def claim(self, frame_bytes: int) -> None:
        super().claim(frame_bytes)
        self.most_bytes = max(self.most_bytes, self.used_bytes)
        self.claims += 1
        threading.Event().wait(0.02)


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> Noting:
    """Room for two films of 64 x 64 pixels of 16 bits, in the place of the program's budget."""
    made = Noting(2 * 64 * 64 * 2 * PEAK)
    for room in ("imaging.read.decode", "imaging.read.dicom", "imaging.read.raster", "inference.scoring.preprocess"):
        monkeypatch.setattr(f"{room}.BUDGET", made)
    return made


def test_every_way_to_a_film_asks_for_its_room(tmp_path: Path, noting: Noting) -> None:
    refs = []
    for index in range(4):
        pixels = make.film(64, 64, bits=16, seed=index)
        refs.append(ImageRef(make.write_dicom(tmp_path / f"{index}.dcm", pixels)))
        refs.append(ImageRef(make.write_dicom(tmp_path / f"{index}.rle", pixels, transfer_syntax=make.RLE)))
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        refs.append(ImageRef(tmp_path / f"{index}.png"))
    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(decode, refs))) == len(refs)
        greys = threads.map(lambda ref: load_grey(ref, PreprocessSpec(size_px=32))[0], refs)
        assert all(grey.shape == (32, 32) for grey in greys)
    assert noting.claims == 2 * len(refs)
    assert 0 < noting.most_bytes <= 2 * 64 * 64 * 2 * PEAK
    assert noting.used_bytes == 0


def test_a_film_that_is_refused_keeps_no_room(tmp_path: Path, noting: Noting) -> None:
    path = make.write_dicom(tmp_path / "cut.dcm", np.zeros((64, 64), np.uint16))
    path.write_bytes(path.read_bytes()[: -64 * 64 * 2])
    with pytest.raises(FilmError):
        decode(ImageRef(path))
    assert noting.used_bytes == 0


def test_the_programs_own_budget_is_that_of_the_limits() -> None:
    assert BUDGET._limit_bytes is None, "those in force, whenever they are asked for"
    largest = DEFAULT_LIMITS.max_pixels * 2
    assert 2 * largest * budget.PEAK <= DEFAULT_LIMITS.in_flight_bytes, "two of the largest films go side by side"
