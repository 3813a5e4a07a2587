"""The worst change decides what an epoch is worth, by whichever measure the plan picks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from inference.networks.network import build_network
from inference.scoring.preprocess import PreprocessSpec
from training.learn.batches import Material
from training.learn.judge import judge_epoch
from training.plan import ChoicePlan, DataPlan, NetworkPlan, Pick, StartPlan, TrainingPlan

PLAN = TrainingPlan(
    name="noise",
    title="Noise",
    data=DataPlan("nowhere"),
    preprocess=PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,)),
    network=NetworkPlan("tiny", StartPlan("scratch"), mode="full"),
)


def material() -> Material:
    """Noise of two brightnesses."""
    rng = np.random.default_rng(4)
    ill = np.arange(24) % 2 == 1
    films = rng.integers(40, 160, (24, 32, 32)) - 8 * ill[:, None, None]
    return Material(films.astype(np.uint8), np.arange(24), ill[:, None].astype(np.float32))


@pytest.mark.parametrize("pick", ["loss", "auc"])
def test_the_worst_group_decides_where_films_are_in_groups(pick: Pick) -> None:
    torch.manual_seed(3)
    network, plan = build_network("tiny", 1, PLAN.preprocess), dataclasses.replace(PLAN, choice=ChoicePlan(pick=pick))
    films = material()
    halves = (np.arange(24) < 12, np.arange(24) >= 12)
    alone = [
        judge_epoch(network, Material(films.films, films.positions[half], films.targets[half]), plan).picked
        for half in halves
    ]
    ill = films.targets[:, 0] > 0.5  # films of one kind have no AUC
    grouped = judge_epoch(
        network, dataclasses.replace(films, groups=(*halves, *((ill,) if pick == "auc" else ()))), plan
    )
    assert grouped.picked == pytest.approx(min(alone))
    assert grouped.picked < judge_epoch(network, films, plan).picked
    assert grouped.measures["worst"] == pytest.approx(abs(min(alone)))


@pytest.mark.parametrize("pick", ["loss", "auc"])
def test_the_worst_change_is_no_better_than_the_films_as_they_are(pick: Pick) -> None:
    torch.manual_seed(3)
    network = build_network("tiny", 1, PLAN.preprocess)
    films = material()
    plain = judge_epoch(network, films, dataclasses.replace(PLAN, choice=ChoicePlan(pick=pick)))
    bears = judge_epoch(network, films, dataclasses.replace(PLAN, choice=ChoicePlan(pick=pick, bear_shifts=True)))
    assert "worst" not in plain.measures
    assert bears.picked < plain.picked
    assert bears.loss == plain.loss
    # Told as the measure itself, which for a loss is above zero.
    assert bears.measures["worst"] == (-bears.picked if pick == "loss" else bears.picked)
    assert bears.measures["worst"] > 0
