"""What an epoch is worth: the measures on the validation part that choose which epoch is kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from inference.engines.engine import EngineMemoryError
from inference.engines.torch_engine import device_errors
from inference.networks.network import FilmNetwork
from inference.scoring.preprocess import to_input
from training.judging.metrics import auc
from training.learn.batches import Material
from training.learn.distributed import Peers
from training.learn.losses import loss_of
from training.plan import Pick, TrainingPlan
from training.sealing.shifts import MOST_SHIFTED, SUITE, shifted

Vector = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Judgement:
    """`loss` is the plan's own; `measures` are those that the films define; `picked` rises with worth."""

    loss: float
    measures: dict[str, float]
    picked: float


def judge_epoch(
    network: FilmNetwork,
    validation: Material,
    plan: TrainingPlan,
    peers: Peers | None = None,
    weights: Floats32 | None = None,
) -> Judgement:
    """The network's worth on the validation part; that on the worst of its groups, and under the worst change of
    the suite where the plan asks for that.

    `weights` [K] is how much each output counts in the loss (`judging_weights`), None for alike: what learns with
    classes in balance calls fewer films ill than there are, and a loss that knows nothing of it would choose by that.
    Of several processes each looks at a slice of the films, and all come to the same judgement.
    """
    peers = peers or Peers()
    counted = np.ones(validation.targets.shape[1], np.float32) if weights is None else weights
    logits = logits_of(network, validation, peers)
    loss, measures = _measured(logits, validation.targets, plan, counted)
    judged = [(loss, measures)]
    judged += [_measured(logits[group], validation.targets[group], plan, counted) for group in validation.groups]
    if plan.choice.bear_shifts:
        some = validation.evenly(MOST_SHIFTED)
        films, places = some.grey(np.arange(len(some))), np.arange(len(some))
        for name in SUITE:
            moved = Material(shifted(films, name), places, some.targets)
            judged.append(_measured(logits_of(network, moved, peers), some.targets, plan, counted))
    told = [of for of in judged if len(of[1]) == len(measures)]  # a group of one kind of films defines no measure
    picked = min(worth(*of, plan.choice.pick) for of in told)
    if len(judged) > 1:
        measures = measures | {"worst": -picked if plan.choice.pick == "loss" else picked}
    return Judgement(loss, measures, picked)


def logits_of(network: FilmNetwork, material: Material, peers: Peers | None = None) -> npt.NDArray[np.float32]:
    """Logits [N, K] of films in evaluation mode, on the device where the network lies."""
    peers = peers or Peers()
    network.eval()
    device = network.mean.device
    own = np.arange(len(material))[peers.slice_of(len(material))]
    found = [torch.zeros((0, material.targets.shape[1]))]
    with torch.inference_mode():
        for start in range(0, len(own), _BATCH):
            chosen = own[start : start + _BATCH]
            found.append(_logits(network, torch.from_numpy(to_input(material.grey(chosen))), device))
    return np.asarray(peers.joined_rows(torch.cat(found), len(material)).numpy())


def _logits(network: FilmNetwork, films: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Logits [n, K] of films [n, 1, S, S], by halves where memory runs out. Raises EngineMemoryError."""
    try:
        with device_errors(device.type):
            batch = films.to(device).contiguous(memory_format=torch.channels_last)
            return network.training_logits(batch)[0].float().cpu()
    except EngineMemoryError:
        if len(films) == 1:
            raise
    return torch.cat([_logits(network, half, device) for half in films.chunk(2)])


def scores_of(logits: npt.NDArray[np.float32], *, is_softmax: bool) -> Vector:
    """Probabilities [N, K], not calibrated."""
    exact = torch.from_numpy(logits).double()
    return np.asarray((torch.softmax(exact, dim=1) if is_softmax else torch.sigmoid(exact)).numpy())


def _measured(
    logits: Floats32, targets: Floats32, plan: TrainingPlan, weights: Floats32
) -> tuple[float, dict[str, float]]:
    is_softmax = plan.network.outputs == "softmax"
    wanted, counted = torch.from_numpy(targets), torch.from_numpy(weights)
    loss = loss_of(torch.from_numpy(logits), wanted, counted, plan.learning, is_softmax=is_softmax)
    scores = scores_of(logits, is_softmax=is_softmax)
    return float(loss), _macro(targets > 0.5, scores, plan)


def _macro(truth: npt.NDArray[np.bool_], scores: Vector, plan: TrainingPlan) -> dict[str, float]:
    """Each measure, averaged over the outputs that have ill and healthy films. The normal class is an output too where
    there is a softmax: with two classes, every measure of it mirrors that of the other.
    """
    both = [k for k in range(truth.shape[1]) if truth[:, k].any() and not truth[:, k].all()]
    if plan.network.outputs == "softmax" and truth.shape[1] == 2:
        both = [k for k in both if k == 1]
    call_at, wanted = plan.choice.call_at, plan.choice.specificity
    single: dict[str, Callable[[npt.NDArray[np.bool_], Vector], float]] = {
        "accuracy": lambda ill, p: float(((p >= call_at) == ill).mean()),
        "recall": lambda ill, p: float((p[ill] >= call_at).mean()),
        "precision": lambda ill, p: float(ill[p >= call_at].mean()) if (p >= call_at).any() else 0.0,
        "specificity": lambda ill, p: float((p[~ill] < call_at).mean()),
        "auc": auc,
        "sensitivity_at_specificity": lambda ill, p: sensitivity_at(ill, p, wanted),
    }
    if not both:
        return {}
    return {name: float(np.mean([of(truth[:, k], scores[:, k]) for k in both])) for name, of in single.items()}


def sensitivity_at(ill: npt.NDArray[np.bool_], scores: Vector, specificity: float) -> float:
    """The share of ill films found at the lowest threshold that leaves this share of the healthy ones alone."""
    healthy = np.sort(scores[~ill])
    spared = min(math.ceil(specificity * len(healthy) - 1e-9), len(healthy))
    return float((scores[ill] > healthy[spared - 1]).mean()) if spared else 1.0


def beats(picked: float, loss: float, best: float | None, best_loss: float) -> bool:
    """Whether an epoch is better than the best so far: by what is picked, among equals by the lower loss. On few films
    several epochs reach an AUC of 1, and the first of them is the least sure.
    """
    return best is None or (picked, -loss) > (best, -best_loss)


def worth(loss: float, measures: dict[str, float], pick: Pick) -> float:
    """What is to be as large as can be. The loss decides too where the films do not define the measure."""
    return -loss if pick == "loss" else measures.get(pick, -loss)
