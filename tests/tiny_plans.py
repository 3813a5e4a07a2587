"""Training plans for the tiny network, and what it learns from in a second."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from inference.scoring.preprocess import PreprocessSpec
from training.learn.batches import Material
from training.plan import DataPlan, NetworkPlan, StartPlan, TrainingPlan

PREPROCESS = PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,))
WHOLE = NetworkPlan("tiny", StartPlan("scratch"), mode="full", frozen_share=0.0, keep_norm=False)


def tiny_plan(**changes: Any) -> TrainingPlan:
    """The whole tiny network from scratch, on squares of 32 pixels that nothing is done to."""
    plan = TrainingPlan(
        name="squares",
        title="Squares",
        data=DataPlan("nowhere"),
        preprocess=PREPROCESS,
        network=WHOLE,
        augment=None,
    )
    return dataclasses.replace(plan, **changes)


def squares(count: int, seed: int) -> Material:
    """Noise, with a bright square in every second film."""
    rng = np.random.default_rng(seed)
    films = rng.integers(60, 120, (count, 32, 32)).astype(np.uint8)
    ill = np.arange(count) % 2 == 1
    for number in np.flatnonzero(ill):
        y, x = rng.integers(6, 20, 2)
        films[number, y : y + 6, x : x + 6] = 220
    return Material(films, np.arange(count), ill[:, None].astype(np.float32))
