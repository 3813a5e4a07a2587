"""The loop learns, goes on where it was killed to the same bits, and bears what goes wrong."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from imaging.progress import Cancelled
from inference.networks.head_spec import HeadSpec
from inference.networks.network import build_network
from tests.tiny_plans import squares, tiny_plan
from training.learn.augment_spec import AugmentSpec
from training.learn.checkpoint import (
    BEST,
    STATE,
    Learner,
    load_learner,
    load_tensors,
    save_learner,
    save_tensors,
    with_progress,
)
from training.learn.judge import beats
from training.learn.loop import Loop, new_learner
from training.learn.steps import TrainingFailedError
from training.plan import ChoicePlan, LearningPlan, TrainingPlan
from training.running.events import Changed, EpochDone, RunEvent, Saved, Scored, Step

LEARNING = LearningPlan(epochs=3, batch=16, rate=3e-3, label_smoothing=0.0, average_over_steps=10)
PLAN = tiny_plan(
    learning=LEARNING,
    augment=AugmentSpec(rotate_deg=2.0, scale=0.02, aspect=0.02, translate=0.02, noise=0.01),
)


@dataclass
class Listener:
    """Hears everything; may break off, or ask for the end, when an event fits."""

    breaks_at: Callable[[RunEvent], bool] = lambda event: False
    ends_at: Callable[[RunEvent], bool] = lambda event: False
    heard: list[RunEvent] = field(default_factory=list)
    ending: bool = False
    broken: bool = False

    def tell(self, event: RunEvent) -> None:
        self.heard.append(event)
        self.ending = self.ending or self.ends_at(event)
        self.broken = self.broken or self.breaks_at(event)

    def check(self) -> None:
        if self.broken:
            raise Cancelled

    def keeps_best(self) -> bool:
        return self.ending

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.heard if isinstance(event, kind)]


def learner_of(plan: TrainingPlan) -> Learner:
    torch.manual_seed(plan.seed)
    outputs = 2 if plan.network.outputs == "softmax" else 1
    return new_learner(
        build_network(plan.network.backbone, outputs, plan.preprocess, plan.network.head), plan, torch.device("cpu")
    )


def run(plan: TrainingPlan, folder: Path, listener: Listener | None = None, learner: Learner | None = None) -> Learner:
    taught = learner or learner_of(plan)
    training, validation = squares(64, seed=1), squares(40, seed=2)
    if plan.network.outputs == "softmax":
        training, validation = (
            dataclasses.replace(part, targets=np.hstack([1 - part.targets, part.targets]))
            for part in (training, validation)
        )
    Loop(plan, taught, training, validation, folder, listener or Listener()).run()
    return taught


def best_of(folder: Path) -> dict[str, Tensor]:
    return load_tensors(folder / BEST)[0]


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def with_learning(**changes: Any) -> TrainingPlan:
    return dataclasses.replace(PLAN, learning=dataclasses.replace(LEARNING, **changes))


def test_it_learns_what_is_planted(tmp_path: Path) -> None:
    listener = Listener()
    run(with_learning(epochs=10), tmp_path, listener)
    epochs = listener.of(EpochDone)
    assert [event.epoch for event in epochs] == list(range(10))
    assert max(event.measures["auc"] for event in epochs) > 0.95
    assert epochs[-1].loss < epochs[0].loss
    assert listener.of(Step)[-1].step == 40


@pytest.mark.parametrize("stop_behind", [1, 5, 8])
def test_a_run_that_was_broken_off_ends_with_the_same_bits(tmp_path: Path, stop_behind: int) -> None:
    """Whether it breaks off within the first epoch, within a later one, or between two."""
    plan = dataclasses.replace(PLAN, network=dataclasses.replace(PLAN.network, head=HeadSpec((8,), dropout=0.3)))
    run(plan, tmp_path / "whole")
    broken = Listener(breaks_at=lambda event: getattr(event, "step", 0) >= stop_behind)
    with pytest.raises(Cancelled):
        run(plan, tmp_path / "broken", broken)
    resumed = Listener()
    run(plan, tmp_path / "broken", resumed)
    assert same(best_of(tmp_path / "whole"), best_of(tmp_path / "broken"))
    assert len(resumed.of(EpochDone)) + len(broken.of(EpochDone)) == 3


def test_a_state_that_an_earlier_version_saved_is_gone_on_from(tmp_path: Path) -> None:
    """Progress knew nothing of the best epoch's loss then."""
    learner = learner_of(PLAN)
    with_progress(learner, step=8, best=0.75, best_epoch=1, best_loss=0.5)
    save_learner(tmp_path, learner)
    tensors, notes = load_tensors(tmp_path / STATE)
    (name,) = notes
    progress = json.loads(notes[name])
    del progress["best_loss"]
    save_tensors(tmp_path / STATE, tensors, {name: json.dumps(progress)})
    fresh = learner_of(PLAN)
    assert load_learner(tmp_path, fresh)
    assert fresh.progress == dataclasses.replace(learner.progress, best_loss=0.0)


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    run(PLAN, tmp_path / "first")
    run(dataclasses.replace(PLAN, seed=2), tmp_path / "second")
    assert not same(best_of(tmp_path / "first"), best_of(tmp_path / "second"))


def test_pieces_of_a_batch_add_up_to_it(tmp_path: Path) -> None:
    """Without batch norm in the way: with its statistics kept, four batches of 4 make the step of one of 16."""
    kept = dataclasses.replace(PLAN, network=dataclasses.replace(PLAN.network, keep_norm=True))
    small = dataclasses.replace(kept, learning=dataclasses.replace(LEARNING, batch=4, accumulate=4))
    whole = dataclasses.replace(kept, augment=None)
    parts = dataclasses.replace(small, augment=None)
    run(whole, tmp_path / "whole")
    run(parts, tmp_path / "parts")
    for name, value in best_of(tmp_path / "whole").items():
        torch.testing.assert_close(best_of(tmp_path / "parts")[name], value, atol=2e-4, rtol=1e-3)


def test_memory_that_runs_out_makes_batches_smaller(tmp_path: Path) -> None:
    learner, listener = learner_of(PLAN), Listener()

    def no_more_than_four(module: Any, films: tuple[Tensor]) -> None:
        if len(films[0]) > 4 and torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    learner.network.features.register_forward_pre_hook(no_more_than_four)
    run(PLAN, tmp_path, listener, learner)
    assert ["in 2 pieces" in event.why or "in 4 pieces" in event.why for event in listener.of(Changed)] == [True, True]
    assert len(listener.of(EpochDone)) == 3


def test_no_memory_at_all_is_one_sentence(tmp_path: Path) -> None:
    learner = learner_of(PLAN)

    def never(module: Any, films: tuple[Tensor]) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    learner.network.features.register_forward_pre_hook(never)
    with pytest.raises(TrainingFailedError, match="no memory"):
        run(PLAN, tmp_path, learner=learner)


def test_no_memory_for_the_optimiser_is_one_sentence_and_no_half_step(tmp_path: Path) -> None:
    learner = learner_of(PLAN)

    def never(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    learner.optimiser.register_step_pre_hook(never)
    with pytest.raises(TrainingFailedError, match="no memory for the optimiser"):
        run(PLAN, tmp_path, learner=learner)
    assert learner.progress.step == 0


def test_a_loss_that_is_no_number_goes_back_and_then_stops(tmp_path: Path) -> None:
    """A rate beyond all reason: at a tenth, a hundredth and a thousandth of it too."""
    listener = Listener()
    with pytest.raises(TrainingFailedError, match="no number"):
        run(with_learning(optimiser="sgd", rate=1e30, head_rate=1e30, schedule="constant"), tmp_path, listener)
    assert len(listener.of(Changed)) == 3


def test_one_bad_step_is_made_good(tmp_path: Path) -> None:
    learner, listener, calls = learner_of(PLAN), Listener(), [0]

    def once(module: Any, films: Any, out: Tensor) -> Tensor:
        calls[0] += torch.is_grad_enabled()
        return out * float("nan") if calls[0] == 6 and torch.is_grad_enabled() else out

    learner.network.features.register_forward_hook(once)
    run(PLAN, tmp_path, listener, learner)
    assert len(listener.of(Changed)) == 1
    assert len(listener.of(EpochDone)) == 3
    assert all(torch.isfinite(value).all() for value in best_of(tmp_path).values())


def test_it_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    plan = dataclasses.replace(with_learning(epochs=40, rate=1e-7, head_rate=1e-7), choice=ChoicePlan(stop_after=2))
    listener = Listener()
    run(plan, tmp_path, listener)
    epochs = listener.of(EpochDone)
    assert len(epochs) < 40
    assert [event.is_best for event in epochs[-2:]] == [False, False]


def test_the_plateau_schedule_falls(tmp_path: Path) -> None:
    plan = with_learning(epochs=8, rate=1e-7, head_rate=1e-7, schedule="plateau", patience=0, factor=0.5)
    listener = Listener()
    learner = run(plan, tmp_path, listener)
    stale = sum(not event.is_best for event in listener.of(EpochDone))
    assert learner.progress.plateau == 0.5**stale
    assert stale > 0


def test_it_keeps_the_best_when_told_to_finish(tmp_path: Path) -> None:
    listener = Listener(ends_at=lambda event: isinstance(event, EpochDone))
    run(with_learning(epochs=50), tmp_path, listener)
    assert len(listener.of(EpochDone)) == 1
    assert best_of(tmp_path)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw", "adamax"])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_every_optimiser_goes_on_with_the_same_bits(tmp_path: Path, optimiser: str, schedule: str) -> None:
    plan = with_learning(epochs=2, optimiser=optimiser, schedule=schedule, rate=1e-3)
    run(plan, tmp_path / "whole")
    with pytest.raises(Cancelled):
        run(plan, tmp_path / "broken", Listener(breaks_at=lambda event: isinstance(event, EpochDone)))
    run(plan, tmp_path / "broken")
    assert same(best_of(tmp_path / "whole"), best_of(tmp_path / "broken"))


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "cross_entropy"},
        {"loss": "focal", "label_smoothing": 0.1},
        {"loss": "cross_entropy", "mixup": 0.3, "balance": "sampling"},
    ],
)
def test_a_softmax_learns_too(tmp_path: Path, changes: dict[str, Any]) -> None:
    plan = dataclasses.replace(
        PLAN,
        network=dataclasses.replace(PLAN.network, outputs="softmax"),
        learning=dataclasses.replace(LEARNING, epochs=8, **changes),
    )
    listener = Listener()
    run(plan, tmp_path, listener)
    assert max(event.measures["auc"] for event in listener.of(EpochDone)) > 0.9


def test_half_precision_learns_too(tmp_path: Path) -> None:
    listener = Listener()
    run(with_learning(epochs=6, precision="bfloat16"), tmp_path, listener)
    assert max(event.measures["auc"] for event in listener.of(EpochDone)) > 0.9


def test_what_is_frozen_stays(tmp_path: Path) -> None:
    plan = dataclasses.replace(
        PLAN, network=dataclasses.replace(PLAN.network, mode="standard", frozen_share=0.4, keep_norm=True)
    )
    learner = learner_of(plan)
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    run(plan, tmp_path, learner=learner)
    changed = {name for name, value in learner.network.state_dict().items() if not torch.equal(value, before[name])}
    assert not any(name.startswith(("features.0.", "features.1.")) for name in changed)
    assert any(name.startswith("features.2.") for name in changed)


def test_what_was_saved_is_told(tmp_path: Path) -> None:
    listener = Listener()
    run(PLAN, tmp_path, listener)
    assert [event.step for event in listener.of(Saved)] == [0, 4, 8, 12]


def test_looking_at_films_changes_no_bit_of_what_is_learnt(tmp_path: Path) -> None:
    plan = dataclasses.replace(PLAN, network=dataclasses.replace(PLAN.network, head=HeadSpec((8,), dropout=0.3)))
    run(plan, tmp_path / "plain")
    listener = Listener()
    loop = Loop(plan, learner_of(plan), squares(64, seed=1), squares(40, seed=2), tmp_path / "looking", listener)
    loop.looks.last = -1e9  # due with the first step
    loop.run()
    looks = listener.of(Scored)
    assert [event.step for event in looks] == [1, 4, 8, 12], "and after each epoch"
    assert {len(event.scores) for event in looks} == {8}
    assert looks[-1].scores != looks[0].scores
    assert same(best_of(tmp_path / "plain"), best_of(tmp_path / "looking"))


@pytest.mark.parametrize(
    ("picked", "loss", "better"), [(0.9, 0.1, False), (1.0, 0.6, False), (1.0, 0.5, False), (1.0, 0.4, True)]
)
def test_among_epochs_of_equal_worth_the_lower_loss_is_kept(picked: float, loss: float, better: bool) -> None:
    assert beats(picked, loss, 1.0, 0.5) is better
    assert beats(picked, loss, None, 0.0)
