"""Batches go by seed and step: whoever prepares them, and however many do it."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from inference.screening.shards import Rank
from tests.tiny_plans import tiny_plan
from training.learn.augment_spec import AugmentSpec
from training.learn.batches import Material, prepared
from training.learn.distributed import Peers
from training.learn.loop import computing_threads, preparing_threads
from training.plan import LearningPlan, TrainingPlan

PLAN = tiny_plan(
    learning=LearningPlan(epochs=2, batch=8, accumulate=2, mixup=0.3, balance="sampling"),
    augment=AugmentSpec(),
    threads=6,
)


class Films(np.ndarray):
    """Films that may only be read by several threads at once."""

    meeting: threading.Barrier | None = None

    def __getitem__(self, key: Any) -> Any:
        if self.meeting is not None:
            self.meeting.wait()
        return np.asarray(self)[key]


def material(meeting: threading.Barrier | None = None) -> Material:
    films = np.random.default_rng(3).integers(0, 256, (100, 32, 32)).astype(np.uint8).view(Films)
    films.meeting = meeting
    ill = (np.arange(100) % 3 == 0)[:, None].astype(np.float32)
    return Material(films, np.arange(100), ill)


def made(
    steps: range, threads: int = 1, meeting: threading.Barrier | None = None, plan: TrainingPlan = PLAN
) -> list[tuple[int, list[npt.NDArray[np.float32]]]]:
    with contextlib.closing(prepared(material(meeting), plan, steps, None, threads)) as batches:
        return [
            (step, [part.numpy() for batch in found for part in (batch.films, batch.wanted)]) for step, found in batches
        ]


def test_more_threads_prepare_the_same_batches_and_do_it_at_once() -> None:
    """Over the end of an epoch too, which has six steps; twelve steps of two batches are read by four at a time."""
    alone, together = made(range(12)), made(range(12), 4, threading.Barrier(4, timeout=60))
    assert [step for step, _ in alone] == [step for step, _ in together] == list(range(12))
    for (_, first), (_, second) in zip(alone, together, strict=True):
        assert len(first) == len(second) == 4
        assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("begin", [3, 6, 11])
def test_a_run_that_goes_on_gets_the_batches_that_were_to_come(begin: int) -> None:
    whole, rest = made(range(12), 3), made(range(begin, 12), 2)
    assert [step for step, _ in rest] == list(range(begin, 12))
    for (_, first), (_, second) in zip(whole[begin:], rest, strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_another_seed_makes_other_batches() -> None:
    other = made(range(1), plan=dataclasses.replace(PLAN, seed=2))
    assert not np.array_equal(made(range(1))[0][1][0], other[0][1][0])


def test_beside_a_gpu_the_cores_prepare_batches() -> None:
    """And torch takes one of them for an operation: several at once are as many threads as there are cores."""
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    alone, two = Peers(), Peers(Rank(0, 2, local_world=2))
    assert (computing_threads(PLAN, cpu, alone), preparing_threads(PLAN, cpu, alone)) == (6, 1)
    assert (computing_threads(PLAN, gpu, alone), preparing_threads(PLAN, gpu, alone)) == (1, 6)
    assert (computing_threads(PLAN, cpu, two), preparing_threads(PLAN, gpu, two)) == (3, 3)
    assert preparing_threads(dataclasses.replace(PLAN, threads=1), gpu, two) == 1
