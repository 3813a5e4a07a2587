"""Seconds until the validation part is told apart with an AUC of 0.95: ours, and the loop that a user would write.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_time_to_auc [--data DIR] [--films N] [--aim 0.95]
       [--recipe quick|standard] [--threads N] [--limit SECONDS] [--weights FILE]

Both begin with the same ImageNet weights of MobileNetV2 and nothing in any cache, split the same films by patient, and
are judged when an epoch is over (quick training: when its head is fitted); everything until then counts. The user's
loop opens each film with Pillow when it is its turn (torch's DataLoader), trains the whole network with Adam at 1e-4 in
batches of 32, and keeps nothing. N films are spread evenly over both classes; 0 takes all of them, which is hours.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from imaging.progress import Cancelled, CancelToken
from inference.networks.network import FilmNetwork, build_network, load_start_weights
from tests.benchmarks.bench_training import DATA, some_films
from training.films.prepare import Prepared, prepare
from training.judging.metrics import auc
from training.learn.judge import logits_of
from training.learn.loop import Loop, new_learner
from training.learn.quick import HeadWork, learn_head
from training.plan import DataPlan, TrainingPlan
from training.recipes import plan_of, recipe_of
from training.running.events import EpochDone, RunEvent
from training.sealing.words import words_of
from training.weights.start_weights import Imported, start

WEIGHTS = DATA.parents[1] / "weights" / "mobilenet_v2_imagenet.safetensors"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Course:
    """Seconds and AUC after each epoch. As a run's watcher it stops the run at the aim or at the limit."""

    aim: float
    limit_s: float
    began: float = field(default_factory=time.perf_counter)
    points: list[tuple[float, float]] = field(default_factory=list)

    def add(self, area: float) -> None:
        self.points.append((time.perf_counter() - self.began, area))
        print(f"    {self.points[-1][0]:7.1f} s  AUC {area:.4f}", flush=True)

    @property
    def is_over(self) -> bool:
        return bool(self.points) and (self.points[-1][1] >= self.aim or self.points[-1][0] > self.limit_s)

    @property
    def reached(self) -> float | None:
        return next((seconds for seconds, area in self.points if area >= self.aim), None)

    def tell(self, event: RunEvent) -> None:
        if isinstance(event, EpochDone):
            self.add(event.measures["auc"])

    def check(self) -> None:
        if self.is_over or time.perf_counter() - self.began > self.limit_s:
            raise Cancelled

    def keeps_best(self) -> bool:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--films", type=int, default=600)
    parser.add_argument("--aim", type=float, default=0.95)
    parser.add_argument("--recipe", choices=("quick", "standard"), default="quick")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=float, default=1800.0)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        source = some_films(options.data, options.films or 1 << 20, Path(folder) / "films")
        data = DataPlan(str(source), validation_share=0.2)
        plan = dataclasses.replace(plan_of(recipe_of(options.recipe), "bench", data), threads=options.threads)
        print(f"ours, {options.recipe}, {options.threads} thread(s)")
        ours = Course(options.aim, options.limit)
        films = our_course(plan, options.weights, Path(folder), ours)
        print(f"the loop that a user would write, {len(films.split.train)} films to train with")
        theirs = Course(options.aim, options.limit)
        user_course(films, options.weights, theirs)
    print(f"seconds to AUC {options.aim}: ours {ours.reached}, the other {theirs.reached}")
    if ours.reached and theirs.reached:
        print(f"{theirs.reached / ours.reached:.1f} times as long")


def our_course(plan: TrainingPlan, weights: Path, folder: Path, course: Course) -> Prepared:
    """List, decode, split and train as a run does, up to the sealing."""
    films = prepare(plan, CancelToken(), lambda words: None, folder / "cache")
    training, validation = films.material(films.split.train), films.material(films.split.validation)
    torch.manual_seed(plan.seed)
    network = build_network(plan.network.backbone, films.outputs, plan.preprocess, plan.network.head)
    record = start(network, Imported((weights,)))
    if plan.network.mode == "quick":
        words = words_of(films, record, folder)
        learn_head(network, HeadWork(plan, words, training, films.patients(films.split.train), course))
        course.add(auc(validation.targets[:, 0] > 0.5, logits_of(network, validation)[:, 0].astype(np.float64)))
        return films
    try:
        learner = new_learner(network, plan, torch.device("cpu"))
        Loop(plan, learner, training, validation, folder / "run", course).run()
    except Cancelled:
        pass
    return films


class Folder(Dataset[tuple[Tensor, float]]):
    """Films opened when it is their turn, as ImageFolder does."""

    def __init__(self, films: Sequence[tuple[Path, bool]]) -> None:
        self.films = films

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, at: int) -> tuple[Tensor, float]:
        path, ill = self.films[at]
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB").resize((224, 224)))
        film = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255.0
        return (film - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1), float(ill)


def user_course(films: Prepared, weights: Path, course: Course) -> None:
    """The whole network, Adam, a DataLoader; no cache, no frozen stage, no thread ahead."""
    network = build_network("mobilenet_v2", 1, films.plan.preprocess)
    load_start_weights(network, load_file(weights))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    loaders = [
        DataLoader(Folder(listed(films, part)), batch_size=32, shuffle=is_training)
        for part, is_training in ((films.split.train, True), (films.split.validation, False))
    ]
    torch.manual_seed(1)
    while not course.is_over:
        network.train()
        for pictures, wanted in loaders[0]:
            optimiser.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(logits(network, pictures), wanted.float())
            torch.autograd.backward(loss)
            optimiser.step()
            if time.perf_counter() - course.began > course.limit_s:
                return
        network.eval()
        with torch.no_grad():
            found = [(logits(network, pictures).numpy(), wanted.numpy()) for pictures, wanted in loaders[1]]
        scores, ill = (np.concatenate(part) for part in zip(*found, strict=True))
        course.add(auc(ill > 0.5, scores.astype(np.float64)))


def listed(films: Prepared, positions: Sequence[int] | np.ndarray) -> list[tuple[Path, bool]]:
    normal = films.manifest.normal_label
    return [(films.manifest.films[at].path, normal not in films.manifest.films[at].labels) for at in positions]


def logits(network: FilmNetwork, pictures: Tensor) -> Tensor:
    """Of pictures that are normalised already, [N]."""
    return network.head(network.features(pictures).mean(dim=(2, 3)))[:, 0]  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
