"""Fine-tuning of a network on films that are held in memory as network input."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from inference.network import FilmNetwork, stages
from inference.preprocess import Grey, to_input
from training.augment import augment, augment_with_places
from training.augment_spec import AugmentSpec
from training.learning import move_average, training_mode
from training.places import place_loss

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FineTuneSpec:
    """How a network is fine-tuned. `frozen_stages` counts the first stages of the backbone that keep their weights.

    `keep_norm` leaves the statistics of batch normalisation as they came with the starting weights: right for small
    batches on a pretrained backbone, wrong for a network that starts from scratch. `place_weight` is how much it counts
    that each cell of the class map says what lies there, where places are known.
    """

    epochs: int
    batch: int = 32
    rate: float = 3e-4
    head_rate: float = 3e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.04
    average_over_steps: int = 100
    frozen_stages: int = 0
    keep_norm: bool = True
    place_weight: float = 0.0
    seed: int = 1
    augment: AugmentSpec = field(default_factory=AugmentSpec)


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step, of `steps` in all."""

    step: int
    steps: int
    loss: float


def log_steps(step: Step) -> None:
    """Say now and then how far a run is."""
    if step.step % 25 == 0 or step.step == step.steps:
        log.info("step %d of %d, loss %.3f", step.step, step.steps, step.loss)


def fine_tune(
    network: FilmNetwork,
    films: Grey,
    ill: npt.NDArray[np.bool_],
    spec: FineTuneSpec,
    on_step: Callable[[Step], None],
    *,
    places: Grey | None = None,
) -> FilmNetwork:
    """Train a one-logit network in place and return a copy that holds the moving average of its weights.

    films: uint8 [N, S, S]; ill: bool [N]; places: uint8 [N, S, S], 255 where the finding lies, for a linear head on
    averages. The same seed, films and number of threads give the same weights.
    """
    rng = torch.Generator().manual_seed(spec.seed)
    torch.manual_seed(spec.seed)
    averaged = copy.deepcopy(network)
    steps = spec.epochs * (len(films) // spec.batch)
    optimiser, schedule = _optimiser(network, spec, steps)
    healthy_weight = torch.tensor(float((~ill).sum() / ill.sum()))
    for number, chosen in enumerate(_batches(len(films), spec)):
        training_mode(network, keep_norm=spec.keep_norm)
        batch = _Batch(films[chosen], ill[chosen], None if places is None else places[chosen])
        loss = _loss(network, batch, spec, rng, healthy_weight)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        move_average(averaged, network, number, spec.average_over_steps)
        on_step(Step(number + 1, steps, loss.item()))
    return averaged.eval()


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """The films of one step with what is known of each."""

    films: Grey
    ill: npt.NDArray[np.bool_]
    places: Grey | None


def _loss(network: FilmNetwork, batch: _Batch, spec: FineTuneSpec, rng: torch.Generator, weight: Tensor) -> Tensor:
    """How wrong the network is on a batch, changed a little. `weight` is that of an ill film."""
    films, places = torch.from_numpy(to_input(batch.films)), None
    if batch.places is None:
        films = augment(films, spec.augment, rng)
    else:
        films, places = augment_with_places(films, torch.from_numpy(to_input(batch.places)), spec.augment, rng)
    wanted = torch.from_numpy(batch.ill).float() * (1.0 - spec.label_smoothing) + spec.label_smoothing / 2.0
    logits, maps, _ = network(films.contiguous(memory_format=torch.channels_last))
    loss = functional.binary_cross_entropy_with_logits(logits[:, 0], wanted, pos_weight=weight)
    return loss if places is None else loss + spec.place_weight * place_loss(network.head, maps[:, 0], places[:, 0])


def _optimiser(
    network: FilmNetwork, spec: FineTuneSpec, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with one rate for the backbone and one for the head, one cycle over the whole run."""
    for stage in stages(network)[: spec.frozen_stages]:
        stage.requires_grad_(requires_grad=False)
    backbone = [weight for weight in network.features.parameters() if weight.requires_grad]
    groups = [
        {"params": backbone, "lr": spec.rate},
        {"params": list(network.head.parameters()), "lr": spec.head_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=spec.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [spec.rate, spec.head_rate], total_steps=steps, pct_start=0.15
    )
    return optimiser, schedule


def _batches(films: int, spec: FineTuneSpec) -> Iterator[npt.NDArray[np.int64]]:
    """Every film once an epoch in a new order; what does not fill the last batch waits for the next epoch."""
    rng = np.random.default_rng(spec.seed)
    for _ in range(spec.epochs):
        order = rng.permutation(films)
        for start in range(0, films - spec.batch + 1, spec.batch):
            yield order[start : start + spec.batch]


def run_network(network: FilmNetwork, films: Grey, batch: int = 64) -> tuple[Tensor, Tensor]:
    """Logits float32 [N, K] and raw class maps float32 [N, K, h, w] of films, uint8 [N, S, S]."""
    network.eval()
    logits, maps = [], []
    with torch.inference_mode():
        for number in range(math.ceil(len(films) / batch)):
            part = films[number * batch : (number + 1) * batch]
            out = network(torch.from_numpy(to_input(part)))
            logits.append(out[0])
            maps.append(out[1])
    return torch.cat(logits), torch.cat(maps)
