from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest

from inference.engines.engine import (
    BATCH_CPU,
    EngineError,
    EngineLostError,
    EngineMemoryError,
    Floats,
    Output,
    is_concurrent,
    wanted_batch,
)
from inference.engines.fallback import FallbackEngine

FILMS = np.arange(8, dtype=np.float32).reshape(8, 1, 1, 1)


@dataclass
class CountingEngine:
    """An engine whose logits are the films' own values; faults are injected here, at the edge."""

    name: str
    why: str = "because"
    room: int = 1_000
    gone: bool = False
    batches: list[int] = field(default_factory=list)

    def run(self, films: Floats) -> Output:
        self.batches.append(len(films))
        if self.gone:
            raise EngineLostError("The GPU stopped answering.")
        if len(films) > self.room:
            raise EngineMemoryError("The memory for the network ran out.")
        return Output(films[:, :, 0, 0], films, films[:, :, 0, 0])


def fallback(gpu: CountingEngine, cpu: CountingEngine) -> FallbackEngine:
    def make_cpu(reason: str) -> CountingEngine:
        cpu.why = reason
        return cpu

    return FallbackEngine(gpu, make_cpu)


def test_a_gpu_with_room_is_left_alone() -> None:
    gpu, cpu = CountingEngine("torch-cuda"), CountingEngine("onnx-cpu")
    engine = fallback(gpu, cpu)
    assert np.array_equal(engine.run(FILMS).logits[:, 0], np.arange(8))
    assert (engine.name, engine.why, gpu.batches, cpu.batches) == ("torch-cuda", "because", [8], [])


def test_batches_are_halved_until_they_fit_and_stay_small() -> None:
    gpu, cpu = CountingEngine("torch-cuda", room=3), CountingEngine("onnx-cpu")
    engine = fallback(gpu, cpu)
    assert np.array_equal(engine.run(FILMS).logits[:, 0], np.arange(8))
    assert gpu.batches == [8, 4, 2, 2, 2, 2]
    engine.run(FILMS[:5])
    assert gpu.batches[6:] == [2, 2, 1]
    assert (engine.name, cpu.batches) == ("torch-cuda", [])


def test_without_room_for_one_film_the_cpu_goes_on_and_says_why() -> None:
    gpu, cpu = CountingEngine("torch-cuda", room=0), CountingEngine("onnx-cpu")
    engine = fallback(gpu, cpu)
    assert np.array_equal(engine.run(FILMS).logits[:, 0], np.arange(8))
    assert (engine.name, engine.why) == ("onnx-cpu", "the GPU's memory ran out")
    engine.run(FILMS)
    assert cpu.batches == [8, 8]
    assert gpu.batches == [8, 4, 2, 1]


def test_a_gpu_that_disappears_in_the_middle_is_replaced() -> None:
    gpu, cpu = CountingEngine("torch-cuda"), CountingEngine("onnx-cpu")
    engine = fallback(gpu, cpu)
    engine.run(FILMS)
    gpu.gone = True
    assert np.array_equal(engine.run(FILMS).logits[:, 0], np.arange(8))
    assert (engine.name, engine.why) == ("onnx-cpu", "the GPU stopped answering")


@pytest.mark.parametrize("fault", [{"room": 0}, {"gone": True}])
def test_a_cpu_that_fails_too_is_an_error(fault: dict[str, int]) -> None:
    cpu = CountingEngine("onnx-cpu", room=fault.get("room", 1_000), gone=bool(fault.get("gone")))
    engine = fallback(CountingEngine("torch-cuda", gone=True), cpu)
    with pytest.raises(EngineError):
        engine.run(FILMS)


@dataclass
class SharedEngine(CountingEngine):
    """A GPU that several threads use, and that fails only when all of them are on it."""

    concurrent: bool = True
    wanted_batch: int = 64
    all_there: threading.Barrier = field(default_factory=lambda: threading.Barrier(4))

    def run(self, films: Floats) -> Output:
        self.all_there.wait(10.0)
        return super().run(films)


@pytest.mark.parametrize("fault", [{"room": 0}, {"gone": True}])
def test_a_gpu_that_fails_several_threads_is_left_once(fault: dict[str, int]) -> None:
    gpu = SharedEngine("torch-cuda", room=fault.get("room", 1_000), gone=bool(fault.get("gone")))
    made = []

    def make_cpu(reason: str) -> CountingEngine:
        made.append(CountingEngine("onnx-cpu", reason))
        return made[-1]

    engine = FallbackEngine(gpu, make_cpu)
    assert is_concurrent(engine)
    assert wanted_batch(engine) == 64
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(engine.run, [FILMS[index : index + 1] for index in range(4)]))
    assert [out.logits[0, 0] for out in outputs] == [0.0, 1.0, 2.0, 3.0]
    assert len(made) == 1
    assert not is_concurrent(engine)


def test_no_more_films_are_wanted_than_there_was_room_for() -> None:
    gpu = CountingEngine("torch-cuda", room=1)
    engine = fallback(gpu, CountingEngine("onnx-cpu"))
    assert wanted_batch(engine) == BATCH_CPU > 1
    engine.run(FILMS)
    assert wanted_batch(engine) == 1
