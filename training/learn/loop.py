"""The loop: epochs, what is kept of them, and what happens when the loss gives way."""

from __future__ import annotations

import contextlib
import copy
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from inference.engines.torch_engine import put_channels_last
from inference.networks.network import FilmNetwork, build_network, stages
from training.films.targets import class_weights, judging_weights
from training.learn.batches import Material, films_a_step, prepared, steps_an_epoch
from training.learn.checkpoint import (
    BEST,
    Learner,
    Progress,
    load_learner,
    load_tensors,
    save_learner,
    save_tensors,
    with_progress,
)
from training.learn.distributed import Peers
from training.learn.judge import beats, judge_epoch
from training.learn.rates import make_optimiser
from training.learn.steps import LossLostError, Steps, TrainingFailedError
from training.learn.watched import Looks, films_to_watch
from training.plan import TrainingPlan
from training.running.events import Changed, EpochDone, RunEvent, Saved, Scored

SAVE_SECONDS = 60.0
_LAST_CUT = 1e-3


class Watcher(Protocol):
    """Whoever watches a run. `check` is asked between steps: it may wait, and raises Cancelled."""

    def tell(self, event: RunEvent) -> None: ...

    def check(self) -> None: ...

    def keeps_best(self) -> bool:
        """Whether the run is to finish now with what it has."""
        ...


def new_learner(network: FilmNetwork, plan: TrainingPlan, device: torch.device) -> Learner:
    """A learner at the beginning: what the plan freezes is frozen, and the moving average begins with the weights."""
    blocks = stages(network)
    frozen = len(blocks) if plan.network.mode == "quick" else round(plan.network.frozen_share * len(blocks))
    for block in blocks[:frozen]:
        block.requires_grad_(requires_grad=False)
    network.to(device)
    put_channels_last(network)
    trunk = [weight for weight in network.features.parameters() if weight.requires_grad]
    within = {id(weight) for weight in network.features.parameters()}
    heads = [weight for weight in network.parameters() if id(weight) not in within]
    averaged = copy.deepcopy(network) if plan.learning.average_over_steps else network
    return Learner(network, averaged, make_optimiser(trunk, heads, plan.learning), Progress())


def computing_threads(plan: TrainingPlan, device: torch.device, peers: Peers) -> int:
    """How many threads torch computes in: on a CPU those of the plan; beside a GPU one, the others prepare batches."""
    return 1 if device.type == "cuda" else max(1, plan.threads // peers.rank.local_world)


def preparing_threads(plan: TrainingPlan, device: torch.device, peers: Peers) -> int:
    """How many threads prepare batches: one core is enough for a network on the CPU, and never for a GPU."""
    return max(1, plan.threads // peers.rank.local_world) if device.type == "cuda" else 1


def best_network(plan: TrainingPlan, outputs: int, folder: Path) -> FilmNetwork:
    """The network with the weights of the epoch that was kept in `folder`. Raises CheckpointError."""
    tensors, _ = load_tensors(folder / BEST)
    network = build_network(plan.network.backbone, outputs, plan.preprocess, plan.network.head)
    network.load_state_dict(tensors)
    return network.eval()


@dataclass(slots=True)
class Loop:
    """One run. `folder` holds its state; the best weights lie in `folder/best.safetensors`. `peers` are the processes
    that carry it out together: all of them run the same loop, the first one writes.
    """

    plan: TrainingPlan
    learner: Learner
    training: Material
    validation: Material
    folder: Path
    watcher: Watcher
    peers: Peers = field(default_factory=Peers)
    looks: Looks = field(init=False)

    def __post_init__(self) -> None:
        self.looks = Looks(films_to_watch(self.validation), self.plan.network.outputs == "softmax")

    def run(self) -> None:
        """Train to the plan's end, or until the watcher or the plan's choice stops it, from where the folder stands.

        Raises TrainingFailedError, CheckpointError, Cancelled.
        """
        self._check_slices()
        if not load_learner(self.folder, self.learner):
            self._save()
        self.peers.check_same("checkpoint", self.learner.progress)
        self.peers.copy_first(self.learner.network)
        while not self._is_done():
            try:
                self._epoch()
            except LossLostError:
                self._go_back()

    def _check_slices(self) -> None:
        batch = self.plan.learning.batch
        least = films_a_step(len(self.training), self.plan) % batch or batch
        if self.peers.world > 1 and least < 2 * self.peers.world:
            raise TrainingFailedError(f"Batches of {least} films are too small for {self.peers.world} processes.")

    @property
    def _per_epoch(self) -> int:
        return steps_an_epoch(len(self.training), self.plan)

    def _is_done(self) -> bool:
        progress, stop_after = self.learner.progress, self.plan.choice.stop_after
        at_end = progress.step >= self.plan.learning.epochs * self._per_epoch
        return at_end or 0 < stop_after <= progress.stale_epochs or self._is_enough()

    def _is_enough(self) -> bool:
        """Whether the run was told to keep the best, and there is one."""
        return self.learner.progress.best is not None and self.watcher.keeps_best()

    def _epoch(self) -> None:
        """The rest of the epoch that the learner stands in, then its judgement."""
        plan, learner = self.plan, self.learner
        epoch = learner.progress.step // self._per_epoch
        end = (epoch + 1) * self._per_epoch
        weights = torch.from_numpy(class_weights(self.training.targets, plan.network, plan.learning.balance))
        shared = films_a_step(len(self.training), plan)
        device = learner.network.mean.device
        steps = Steps(learner, plan, weights.to(device), self._per_epoch, shared, self.watcher.tell, self.peers)
        saved, rest = time.monotonic(), range(learner.progress.step, end)
        threads = preparing_threads(plan, device, self.peers)
        with contextlib.closing(prepared(self.training, plan, rest, self.peers, threads)) as batches:
            for step, batch in batches:
                self.watcher.check()
                if self._is_enough():
                    return
                steps.take(step, batch)
                if self.looks.is_due:
                    self._look()
                if time.monotonic() - saved > SAVE_SECONDS and step + 1 < end:
                    saved = time.monotonic()
                    self._save()
        self._judge(epoch, steps.mean_loss)
        self._look()
        self._save()

    def _look(self) -> None:
        """Tell the scores of the watched films. It takes no part in the learning."""
        if self.peers.is_first and len(self.looks.films):
            scores = self.looks.look(self.learner.averaged)
            if not np.isfinite(scores).all():
                return  # the next step finds it out
            self.watcher.tell(Scored(time.time(), self.learner.progress.step, scores))

    def _judge(self, epoch: int, loss: float) -> None:
        """Keep the epoch where it is the best so far, and let the plateau schedule fall where it is stale."""
        plan, learner, progress = self.plan, self.learner, self.learner.progress
        weights = judging_weights(self.training.targets, plan.network, plan.learning.balance)
        found = judge_epoch(learner.averaged, self.validation, plan, self.peers, weights)
        if not np.isfinite(found.loss):
            raise LossLostError
        is_best = beats(found.picked, found.loss, progress.best, progress.best_loss)
        if is_best:
            if self.peers.is_first:
                save_tensors(self.folder / BEST, learner.averaged.weights(), {"epoch": str(epoch)})
            with_progress(learner, best=found.picked, best_loss=found.loss, best_epoch=epoch, stale_epochs=0)
        else:
            stale = progress.stale_epochs + 1
            falls = plan.learning.schedule == "plateau" and stale % (plan.learning.patience + 1) == 0
            share = progress.plateau * (plan.learning.factor if falls else 1.0)
            with_progress(learner, stale_epochs=stale, plateau=share)
        measures = found.measures | {"validation_loss": found.loss}
        self.watcher.tell(EpochDone(time.time(), epoch, loss, measures, found.picked, is_best))

    def _go_back(self) -> None:
        """Back to the last good state at a tenth of the rate; after three times the run has failed."""
        cut = self.learner.progress.cut * 0.1
        load_learner(self.folder, self.learner)
        if cut < _LAST_CUT * 0.99:
            raise TrainingFailedError("The loss is no number, at a thousandth of the rate too; choose another rate.")
        with_progress(self.learner, cut=cut)
        self._save()
        why = "The loss was no number: back to the last good state at a tenth of the rate."
        self.watcher.tell(Changed(time.time(), self.learner.progress.step, why))

    def _save(self) -> None:
        if self.peers.is_first:
            save_learner(self.folder, self.learner)
        self.watcher.tell(Saved(time.time(), self.learner.progress.step))
