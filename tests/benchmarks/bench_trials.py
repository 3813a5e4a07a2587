"""Ways of training the pneumonia model, tried at a small size with whole clusters of films held out: what each is worth
on films that were collected otherwise, at the point that was set on its own validation films. Prints Markdown;
docs/results.md holds it.

usage: python -m tests.benchmarks.bench_trials [--side 112] [--epochs 3] [--data DIR] [--weights FILE] [--keep-out DIR]
       [--state DIR]
About four minutes a trial on one idle core; what was broken off in --state goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from imaging.cv import cv2
from inference.networks.network import build_network, load_start_weights
from inference.scoring.preprocess import Grey, PreprocessSpec
from tests.benchmarks.bench_shifts import DATA, LABEL, Bools, Row, Scores, point_of, row_of, worst_of
from training.bundled.pneumonia import Material, read_material
from training.films.acquisition import cluster_of_patients, clusters_of, facts_of
from training.films.film_set import FilmSet
from training.learn.augment_spec import AugmentSpec
from training.learn.batches import Material as Part
from training.learn.in_memory import learn
from training.learn.judge import logits_of
from training.plan import DataPlan, LearningPlan, NetworkPlan, StartPlan, TrainingPlan
from training.sealing.shifts import shifted

BEFORE = AugmentSpec(scale=0.2, aspect=0.22, translate=0.06, gamma_log=0.5, contrast_log=0.4, brightness=0.12)
WAYS = {
    "first seven stages kept, augmentation of version 1": (7 / 19, BEFORE),
    "whole network, augmentation of version 1": (0.0, BEFORE),
    "whole network, augmentation beyond the suite": (0.0, AugmentSpec()),
}
SEVERE = ("as collected", "cropped", "stretched upwards", "less contrast", "flat and stretched", "noisy")
CLUSTERS, HELD_OUT = 6, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=112)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--data", type=Path, default=DATA / "kermany224")
    parser.add_argument("--weights", type=Path, default=DATA / "weights" / "mobilenet_v2_imagenet.safetensors")
    parser.add_argument("--keep-out", type=Path, default=DATA / "films")
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    material = read_material(options.data, options.keep_out)
    sizes = np.full((len(material.films), 2), material.films.shape[1], np.int32)
    clusters = cluster_of_patients(clusters_of(facts_of(material.films, sizes), CLUSTERS), material.patients)
    small = np.stack([cv2.resize(film, (options.side,) * 2, interpolation=cv2.INTER_AREA) for film in material.films])
    with tempfile.TemporaryDirectory() as folder:
        state = options.state or Path(folder)
        print("| way | held out: ill, healthy | as collected: AUC, sensitivity, specificity | worst of six changes |")
        print("| --- | --- | --- | --- |")
        for held in judging_clusters(clusters, material.ill):
            for way, (frozen, augment) in WAYS.items():
                plan = plan_of(options.side, options.epochs, frozen, augment)
                trial = Trial(material, small, clusters == held, plan, options.weights)
                print(trial.line(way, state / f"{held}-{list(WAYS).index(way)}"), flush=True)


def judging_clusters(clusters: np.ndarray, ill: Bools) -> list[int]:
    """The clusters with the most healthy films: those that say most of specificity elsewhere."""
    healthy = np.bincount(clusters[~ill])
    return [int(cluster) for cluster in np.argsort(-healthy)[1 : 1 + HELD_OUT]]  # the first is half of all


def plan_of(side: int, epochs: int, frozen: float, augment: AugmentSpec) -> TrainingPlan:
    return TrainingPlan(
        name="trial",
        title="Trial",
        data=DataPlan("in memory"),
        preprocess=PreprocessSpec(size_px=side, fit="squash"),
        network=NetworkPlan("mobilenet_v2", StartPlan("imported"), mode="full", frozen_share=frozen),
        learning=LearningPlan(epochs=epochs),
        augment=augment,
    )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One way of training, with one cluster held out."""

    material: Material
    films: Grey
    held: Bools
    plan: TrainingPlan
    weights: Path

    def line(self, way: str, state: Path) -> str:
        """Train, and judge on the held-out cluster at the point of the validation films of the other clusters."""
        split = self.material.split
        train, validation = (part[~self.held[part]] for part in (split.train, split.validation))
        torch.manual_seed(self.plan.seed)
        network = build_network(self.plan.network.backbone, 1, self.plan.preprocess)
        load_start_weights(network, load_file(self.weights))
        network = learn(network, self.plan, self._set(train), self._set(validation), state)

        def score(films: Grey) -> Scores:
            nothing = np.zeros((len(films), 1), np.float32)
            return logits_of(network, Part(films, np.arange(len(films)), nothing))[:, 0].astype(np.float64)

        point = point_of(self.material.ill[validation], score(self.films[validation]))
        held, ill = self.films[self.held], self.material.ill[self.held]
        rows: dict[str, Row] = {name: row_of(ill, score(shifted(held, name)), point) for name in SEVERE}
        counts = f"{int(ill.sum()):,}, {int((~ill).sum()):,}"
        return f"| {way} | {counts} | {rows['as collected']} | {worst_of(rows)} |"

    def _set(self, chosen: np.ndarray) -> FilmSet:
        return FilmSet(
            self.films[chosen], {LABEL: self.material.ill[chosen]}, self.material.patients[chosen], "films of a trial"
        )


if __name__ == "__main__":
    main()
