"""The steps of the loop: gradients of a few films at a time, the optimiser, and what happens when memory gives way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from imaging.errors import NegatoscopeError
from inference.engines.engine import EngineMemoryError
from inference.engines.torch_engine import device_errors
from training.films.places import place_loss
from training.learn.batches import Batch, Use, seed_of
from training.learn.checkpoint import Learner, with_progress
from training.learn.distributed import Peers
from training.learn.learning import move_average, training_mode
from training.learn.losses import loss_of
from training.learn.rates import schedule_share, set_rates
from training.plan import TrainingPlan
from training.running.events import Changed, RunEvent, Step

TELL_SECONDS = 0.5
_AUXILIARY_SHARE = 0.4  # of the auxiliary head's loss (Szegedy 2015)


class TrainingFailedError(NegatoscopeError):
    """The run can't go on; the message says why in one sentence."""


class LossLostError(Exception):
    """The loss is no number any more."""


@dataclass(slots=True)
class Steps:
    """The steps of one epoch, of `shared` films each, and what is told of them now and then."""

    learner: Learner
    plan: TrainingPlan
    weights: Tensor
    per_epoch: int
    shared: int
    tell: Callable[[RunEvent], None]
    peers: Peers
    total: float = 0.0
    taken: int = 0
    told: float = 0.0
    films: int = 0

    @property
    def mean_loss(self) -> float:
        return self.total / max(self.taken, 1)

    def take(self, step: int, batches: list[Batch]) -> None:
        """One optimiser step; smaller pieces where memory runs out. Raises LossLostError."""
        self.told = self.told or time.monotonic()
        while True:
            try:
                loss = self._take(step, batches)
                break
            except EngineMemoryError as error:
                self._cut_batches(step, error)
        self.total += loss
        self.taken += 1
        self.films += self.shared
        seconds = time.monotonic() - self.told
        if seconds > TELL_SECONDS or (step + 1) % self.per_epoch == 0:
            share = self.learner.optimiser.param_groups[-1]["lr"] / self.plan.learning.head_rate
            speed = self.films / max(seconds, 1e-9)
            self.tell(Step(time.time(), step + 1, step // self.per_epoch, self.mean_loss, share, speed))
            self.told, self.films = time.monotonic(), 0

    def _take(self, step: int, batches: list[Batch]) -> float:
        learner, learning = self.learner, self.plan.learning
        progress = learner.progress
        steps = learning.epochs * self.per_epoch
        set_rates(learner.optimiser, schedule_share(learning, step, steps) * progress.plateau * progress.cut)
        torch.manual_seed(seed_of(self.plan.seed, Use.DROPOUT, step, self.peers.draws))
        training_mode(learner.network, keep_norm=self.plan.network.keep_norm)
        learner.optimiser.zero_grad(set_to_none=True)
        with self.peers.sharing_trouble():
            own = sum(
                self._backward(piece, share=len(piece.films) / self.shared)
                for batch in batches
                for piece in batch.pieces(progress.parts)
            )
        loss = self.peers.sum_gradients(learner.network, own)
        if not np.isfinite(loss):
            raise LossLostError
        self._move()
        self.peers.average_statistics(learner.network)
        if learner.averaged is not learner.network:
            move_average(learner.averaged, learner.network, step, learning.average_over_steps)
        with_progress(learner, step=step + 1)
        return loss

    def _move(self) -> None:
        """The optimiser's own step. Where its memory runs out, smaller batches are no help, and half of it is done."""
        try:
            with device_errors(self.weights.device.type):
                self.learner.optimiser.step()
        except EngineMemoryError as error:
            raise TrainingFailedError(
                "There is no memory for the optimiser of this network: freeze more of it, or choose a smaller one."
            ) from error

    def _backward(self, batch: Batch, share: float) -> float:
        """Add a piece's gradient, weighted by its share of the step's films; its part of the loss."""
        device = self.weights.device
        with device_errors(device.type), _autocast(device, self.plan):
            films, wanted = batch.films.to(device, non_blocking=True), batch.wanted.to(device)
            if batch.places is not None:
                loss = self._loss_with_places(films, wanted, batch.places.to(device))
            else:
                logits, auxiliary = self.learner.network.training_logits(films)
                loss = self._loss(logits, wanted)
                if auxiliary is not None:
                    loss = loss + _AUXILIARY_SHARE * self._loss(auxiliary, wanted)
            torch.autograd.backward(loss * share)
            return float(loss.detach()) * share

    def _loss_with_places(self, films: Tensor, wanted: Tensor, places: Tensor) -> Tensor:
        logits, maps, _ = self.learner.network(films)
        return self._loss(logits, wanted) + place_loss(self.learner.network.head, maps[:, 0], places[:, 0])

    def _loss(self, logits: Tensor, wanted: Tensor) -> Tensor:
        is_softmax = self.plan.network.outputs == "softmax"
        return loss_of(logits.float(), wanted, self.weights, self.plan.learning, is_softmax=is_softmax)

    def _cut_batches(self, step: int, error: EngineMemoryError) -> None:
        parts = self.learner.progress.parts * 2
        least = min(self.plan.learning.batch, self.shared) // self.peers.world
        if parts > least // 2:  # batch norm needs two films
            raise TrainingFailedError("There is no memory to train with even one film at a time.") from error
        with_progress(self.learner, parts=parts)
        why = f"Memory ran out: each batch is taken in {parts} pieces from here on."
        self.tell(Changed(time.time(), step, why))


def _autocast(device: torch.device, plan: TrainingPlan) -> contextlib.AbstractContextManager[object]:
    if plan.learning.precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
