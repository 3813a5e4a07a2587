"""Which films make a batch, and the batch itself, prepared ahead: the network never waits for the disk.

Every random choice goes by the plan's seed and a number (the epoch, the step), never by what was drawn before, so that
a run that was killed goes on with the very same batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from inference.scoring.preprocess import Grey, to_input
from training.films.targets import Floats32, mixed, sampling_weights, softened
from training.learn.augment import augment, augment_with_places
from training.learn.distributed import Peers
from training.plan import TrainingPlan

_READY = 1  # steps beside those that are being prepared


class Use(IntEnum):
    """What a stream of random numbers is for."""

    ORDER = 0
    CHANGE = 1
    DROPOUT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """N films, and their targets, float32 [N, K].

    `films` is uint8 [M, S, S], mapped from the disk; `positions` int64 [N] says which of them are meant. `places`,
    uint8 [M, S, S], are 255 where the finding of a one-logit network lies, where that is known. `groups`, bool [N], are
    films that an epoch is judged by for themselves too.
    """

    films: Grey
    positions: npt.NDArray[np.int64]
    targets: Floats32
    places: Grey | None = None
    groups: tuple[npt.NDArray[np.bool_], ...] = ()

    def __len__(self) -> int:
        return len(self.positions)

    def grey(self, chosen: npt.NDArray[np.int64]) -> Grey:
        """Some of the N films as network input, uint8 [n, S, S]."""
        return np.asarray(self.films[self.positions[chosen]])

    def evenly(self, most: int) -> Material:
        """At most so many films, spread evenly over the part."""
        if len(self) <= most:
            return self
        chosen = np.linspace(0, len(self) - 1, most).astype(np.int64)
        return Material(self.films, self.positions[chosen], self.targets[chosen], self.places)


class Batch(NamedTuple):
    """Films [N, 1, S, S], changed a little, softened targets [N, K], and where findings lie, [N, 1, S, S]."""

    films: Tensor
    wanted: Tensor
    places: Tensor | None = None

    def pieces(self, parts: int) -> Iterator[Batch]:
        """The batch in so many pieces at most."""
        places = [None] * parts if self.places is None else self.places.chunk(parts)
        for films, wanted, own in zip(self.films.chunk(parts), self.wanted.chunk(parts), places, strict=False):
            yield Batch(films, wanted, own)


class Draws(NamedTuple):
    """The random numbers of one step, for either library."""

    of_torch: torch.Generator
    of_numpy: np.random.Generator


def seed_of(seed: int, use: Use, number: int, draws: tuple[int, ...] = ()) -> int:
    """The seed of one stream of random numbers, 63 bits. `draws` are those of Peers."""
    return int(np.random.SeedSequence([seed, int(use), number, *draws]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def steps_an_epoch(films: int, plan: TrainingPlan) -> int:
    """Optimiser steps in an epoch; a last batch that is not full is left out, unless it is the only one."""
    return max(1, films // (plan.learning.batch * plan.learning.accumulate))


def films_a_step(films: int, plan: TrainingPlan) -> int:
    """How many films make a step, over all processes: as many in every step."""
    return min(films, plan.learning.batch * plan.learning.accumulate)


def order_of_epoch(material: Material, plan: TrainingPlan, epoch: int) -> npt.NDArray[np.int64]:
    """The films of an epoch in the order in which they are shown: each once, or drawn so that classes are balanced."""
    rng = np.random.default_rng(seed_of(plan.seed, Use.ORDER, epoch))
    weights = sampling_weights(material.targets, plan.learning.balance)
    if weights is None:
        return rng.permutation(len(material))
    return rng.choice(len(material), size=len(material), p=weights)


def prepared(
    material: Material, plan: TrainingPlan, steps: range, peers: Peers | None = None, threads: int = 1
) -> Generator[tuple[int, list[Batch]], None, None]:
    """Of each of the steps its number and its batches.

    `threads` prepare the steps to come, one step each: what they make goes by the step, not by their number. Close the
    iterator to stop them. Of several processes each prepares its own slice of every batch.
    """
    peers = peers or Peers()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
    waiting: deque[Future[list[Batch]]] = deque()
    ahead = threads + _READY
    try:
        for step, chosen in _chosen(material, plan, steps):
            waiting.append(pool.submit(_step, material, plan, _Part(step, chosen, peers)))
            if len(waiting) > ahead:
                yield step - ahead, waiting.popleft().result()
        for number, future in enumerate(waiting, start=steps.stop - len(waiting)):
            yield number, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Part(NamedTuple):
    """A step, its films, and the processes that share them."""

    step: int
    chosen: npt.NDArray[np.int64]
    peers: Peers


def _chosen(material: Material, plan: TrainingPlan, steps: range) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Each step and its films. An epoch's order is made once: with many films it takes longer than a step."""
    per_epoch, size = steps_an_epoch(len(material), plan), plan.learning.batch * plan.learning.accumulate
    order, of_epoch = np.zeros(0, np.int64), -1
    for step in steps:
        epoch, within = divmod(step, per_epoch)
        if epoch != of_epoch:
            order, of_epoch = order_of_epoch(material, plan, epoch), epoch
        yield step, order[within * size : (within + 1) * size]


def _step(material: Material, plan: TrainingPlan, part: _Part) -> list[Batch]:
    seed = seed_of(plan.seed, Use.CHANGE, part.step, part.peers.draws)
    draws = Draws(torch.Generator().manual_seed(seed), np.random.default_rng(seed))
    size, films = plan.learning.batch, part.chosen
    batches = [films[start : start + size] for start in range(0, len(films), size)]
    return [_batch(material, plan, batch[part.peers.slice_of(len(batch))], draws) for batch in batches]


def _batch(material: Material, plan: TrainingPlan, chosen: npt.NDArray[np.int64], draws: Draws) -> Batch:
    films, places = torch.from_numpy(to_input(material.grey(chosen))), None
    if material.places is not None:
        places = torch.from_numpy(to_input(np.asarray(material.places[material.positions[chosen]])))
    if plan.augment is not None and places is not None:
        films, places = augment_with_places(films, places, plan.augment, draws.of_torch)
    elif plan.augment is not None:
        films = augment(films, plan.augment, draws.of_torch)
    is_softmax = plan.network.outputs == "softmax"
    wanted = softened(torch.from_numpy(material.targets[chosen]), plan.learning, is_softmax=is_softmax)
    films, wanted = mixed(films, wanted, plan.learning.mixup, draws.of_numpy)
    return Batch(films.contiguous(memory_format=torch.channels_last), wanted, places)
