"""The learning-rate finder: what it suggests lies where the loss falls, and learns."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from imaging.progress import Cancelled, CancelToken
from inference.networks.network import FilmNetwork, build_network
from tests.commands import commanded
from tests.tiny_plans import squares, tiny_plan
from training import train_command
from training.learn.rate_finder import HIGHEST, LOWEST, STEPS, RateCurve, Tried, find_rate, share_at, steepest
from training.plan import DataPlan, LearningPlan, PlanError, StartPlan, TrainingPlan
from training.rate_command import curve_text
from training.running.run_dir import EVENTS, RunDir

PLAN = tiny_plan(learning=LearningPlan(epochs=3, batch=16, rate=3e-3, label_smoothing=0.0))
FILMS = squares(64, seed=1)


def network_of(plan: TrainingPlan) -> FilmNetwork:
    torch.manual_seed(plan.seed)
    return build_network(plan.network.backbone, 1, plan.preprocess, plan.network.head)


def found(plan: TrainingPlan) -> RateCurve:
    return find_rate(network_of(plan), plan, FILMS, CancelToken())


def test_the_rate_rises_by_the_same_factor() -> None:
    shares = np.array([share_at(step) for step in range(STEPS)])
    assert shares[[0, -1]] == pytest.approx([LOWEST, HIGHEST])
    assert np.ptp(np.diff(np.log(shares))) < 1e-9


def test_the_same_plan_finds_the_same_and_no_weight_is_lost_to_chance() -> None:
    first, second = found(PLAN), found(PLAN)
    assert first == second
    assert first.share is not None
    assert first != found(dataclasses.replace(PLAN, seed=2))


def test_what_it_suggests_goes_by_the_rate_itself_not_by_the_plan() -> None:
    """With rates a hundred times as high, the share is about a hundredth."""
    learning = dataclasses.replace(
        PLAN.learning, rate=PLAN.learning.rate * 100, head_rate=PLAN.learning.head_rate * 100
    )
    usual, high = found(PLAN).share, found(dataclasses.replace(PLAN, learning=learning)).share
    assert usual is not None
    assert high is not None
    assert 1 / 10 < 100 * high / usual < 10


def test_the_steepest_fall_is_found_before_the_lowest_loss() -> None:
    """A sigmoid fall around step 50, a rise behind step 70."""
    losses = [1 / (1 + math.exp((step - 50) / 4)) + max(0, step - 70) * 0.2 for step in range(90)]
    curve = [Tried(share_at(step), loss) for step, loss in enumerate(losses)]
    assert steepest(curve) == pytest.approx(share_at(50), rel=0.2)


@pytest.mark.parametrize("losses", [[], [1.0] * 5, [1.0 + 0.1 * step for step in range(50)], [math.nan] * 20])
def test_where_nothing_falls_nothing_is_suggested(losses: list[float]) -> None:
    assert steepest([Tried(share_at(step), loss) for step, loss in enumerate(losses)]) is None


def test_it_stops_once_the_loss_is_lost() -> None:
    learning = dataclasses.replace(PLAN.learning, optimiser="sgd", rate=10.0, head_rate=100.0)
    assert len(found(dataclasses.replace(PLAN, learning=learning)).tried) < STEPS


def test_it_can_be_given_up_and_quick_training_has_no_rate() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        find_rate(network_of(PLAN), PLAN, FILMS, token)
    quick = dataclasses.replace(
        PLAN, network=dataclasses.replace(PLAN.network, mode="quick", start=StartPlan("bundle", "practice"))
    )
    with pytest.raises(PlanError, match="without a learning rate"):
        find_rate(network_of(quick), quick, FILMS, CancelToken())


def test_the_command_prints_the_curve_and_what_to_set(tmp_path: Path) -> None:
    for number in range(40):
        label = ("NORMAL", "SICK")[number % 2]
        (tmp_path / "films" / label).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(30 + 60 * (number % 2), 120, (40, 40)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "films" / label / f"film {number}.png")
    source = DataPlan(str(tmp_path / "films"), validation_share=0.3)
    run = RunDir(tmp_path / "run")
    run.create(dataclasses.replace(PLAN, data=source))
    done = commanded(train_command, "--run", run.path, "--find-rate")
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["rate", "head", "rate", "loss"]
    assert lines[-1].startswith("--set learning.rate=")
    assert not (run.path / EVENTS).exists()


def test_a_curve_without_a_fall_is_said() -> None:
    tried = (Tried(1e-4, 0.7), Tried(2e-4, math.inf))
    text = curve_text(PLAN, RateCurve(tried * 3, None))
    assert "nothing is suggested" in text
    assert "lost" in text
