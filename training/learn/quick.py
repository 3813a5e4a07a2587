"""Quick training: the backbone looks at each film once, and a linear head is fitted to what it saw."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from inference.bundles.bundle import write_bundle
from inference.engines.device import choose_engine, usable_cores
from inference.engines.engine import Engine
from inference.networks.heads import LinearHead
from inference.networks.network import FilmNetwork
from inference.scoring.preprocess import to_input
from training.films.targets import judging_weights
from training.learn.batches import Material
from training.learn.loop import Watcher
from training.learn.losses import loss_of
from training.learn.steps import TELL_SECONDS
from training.learn.watched import own_label_scores
from training.plan import TrainingPlan
from training.running.events import Looked, Scored
from training.sealing.seal import Words, draft_card

_BATCH = 16
_STRENGTHS = np.logspace(-4, 1, 6)  # of the inverse penalty, tried in turn
_FOLDS = 4

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HeadWork:
    """What a head is fitted to: films with their patients, text [N], by a plan, for the model that `words` describe.

    `watched` are films whose scores are told once it is fitted, None for none.
    """

    plan: TrainingPlan
    words: Words
    training: Material
    patients: npt.NDArray[np.str_]
    watcher: Watcher
    watched: Material | None = None


def learn_head(network: FilmNetwork, work: HeadWork) -> float:
    """Fit the network's linear head in place by logistic regression on the features of the training films.

    The penalty is the one with the best log-likelihood on films of other patients (grouped cross-validation). The
    features come from the graph that would be served, which is several times faster than torch. Returns the strength
    chosen. Raises Cancelled.
    """
    with tempfile.TemporaryDirectory() as folder:
        draft = write_bundle(Path(folder) / "draft", draft_card(work.words, work.plan.preprocess, {}), network)
        engine = choose_engine(draft, "onnx", threads=min(work.plan.threads, usable_cores()))
        features = features_of(engine, work.training, work.watcher)
        watched = features_of(engine, work.watched, work.watcher, is_told=False) if work.watched is not None else None
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    standard = (features - mean) / spread
    strength = _best_strength(standard, work)
    slopes, offsets = _fitted(standard, work.training.targets, work.plan, strength)
    assert isinstance(network.head, LinearHead)  # check_plan allows no other
    with torch.no_grad():
        folded = slopes / spread
        network.head.weight.copy_(torch.from_numpy(folded))
        network.head.bias.copy_(torch.from_numpy(offsets - folded @ mean))
    if work.watched is not None and watched is not None:
        logits = np.asarray(((watched - mean) / spread) @ slopes.T + offsets, np.float32)
        is_softmax = work.plan.network.outputs == "softmax"
        scores = own_label_scores(logits, work.watched.targets, is_softmax=is_softmax)
        work.watcher.tell(Scored(time.time(), 0, scores))
    return strength


def features_of(engine: Engine, material: Material, watcher: Watcher, *, is_told: bool = True) -> Floats:
    """What the head sees of each film, float32 [N, D]; the number looked at is told now and then. Raises Cancelled."""
    found = []
    told = time.monotonic()
    for start in range(0, len(material), _BATCH):
        watcher.check()
        chosen = np.arange(start, min(start + _BATCH, len(material)))
        found.append(engine.run(to_input(material.grey(chosen))).embedding)
        if is_told and time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            watcher.tell(Looked(time.time(), int(chosen[-1]) + 1))
    return np.concatenate(found)


def _best_strength(standard: Floats, work: HeadWork) -> float:
    from sklearn.model_selection import GroupKFold

    targets = work.training.targets
    groups = len(np.unique(work.patients))
    if groups < 2 * _FOLDS:
        return float(_STRENGTHS[len(_STRENGTHS) // 2])
    folds = list(GroupKFold(_FOLDS).split(standard, groups=work.patients))
    losses = np.zeros(len(_STRENGTHS))
    for at, strength in enumerate(_STRENGTHS):
        for train, kept in folds:
            work.watcher.check()
            slopes, offsets = _fitted(standard[train], targets[train], work.plan, strength)
            losses[at] += _loss(standard[kept] @ slopes.T + offsets, targets[kept], work.plan)
    return float(_STRENGTHS[losses.argmin()])


def _fitted(standard: Floats, targets: Floats, plan: TrainingPlan, strength: float) -> tuple[Floats, Floats]:
    """Slopes [K, D] and offsets [K] of the head; an output without films of both kinds keeps a slope of zero."""
    if plan.network.outputs == "softmax":
        return _softmax(standard, targets.argmax(axis=1), targets.shape[1], plan, strength)
    rows = [_binary(standard, targets[:, k] > 0.5, plan, strength) for k in range(targets.shape[1])]
    return np.stack([slope for slope, _ in rows]), np.array([offset for _, offset in rows], np.float32)


def _binary(
    standard: Floats, ill: npt.NDArray[np.bool_], plan: TrainingPlan, strength: float
) -> tuple[Floats, np.float32]:
    if ill.all() or not ill.any():
        return np.zeros(standard.shape[1], np.float32), np.float32(4.0 if ill.all() else -4.0)
    fitted = _regression(plan, strength).fit(standard, ill)
    return fitted.coef_[0].astype(np.float32), np.float32(fitted.intercept_[0])


def _softmax(
    standard: Floats, classes: npt.NDArray[np.intp], count: int, plan: TrainingPlan, strength: float
) -> tuple[Floats, Floats]:
    """Two classes share one slope between them; classes that these films lack stay far below the others."""
    slopes = np.zeros((count, standard.shape[1]), np.float32)
    offsets = np.full(count, -8.0, np.float32)
    present = np.unique(classes)
    if len(present) == 1:
        offsets[present] = 0.0
        return slopes, offsets
    fitted = _regression(plan, strength).fit(standard, classes)
    if len(present) == 2:
        slopes[present] = np.stack([-fitted.coef_[0], fitted.coef_[0]]) / 2
        offsets[present] = np.array([-fitted.intercept_[0], fitted.intercept_[0]]) / 2
    else:
        slopes[present], offsets[present] = fitted.coef_, fitted.intercept_
    return slopes, offsets


def _regression(plan: TrainingPlan, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    balanced = None if plan.learning.balance == "none" else "balanced"
    return LogisticRegression(C=strength, class_weight=balanced, max_iter=400, tol=1e-3)


def _loss(logits: Floats, targets: Floats, plan: TrainingPlan) -> float:
    """The mean negative log-likelihood of films that were not fitted to, with the weights of the plan."""
    weights = judging_weights(targets, plan.network, plan.learning.balance)
    return float(
        loss_of(
            torch.from_numpy(logits),
            torch.from_numpy(targets),
            torch.from_numpy(weights),
            plan.learning,
            is_softmax=plan.network.outputs == "softmax",
        )
    )
