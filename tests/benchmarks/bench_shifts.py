"""How models bear what films elsewhere are like, on validation films that none of them learnt from: each change of
`sealing.shifts`, mixtures of changes as wide as a gate lets through (`sealing.gate_changes`), what other makers'
machines would make of the films (`other_makers`: no training has seen it), and clusters of films that were collected
alike. Prints Markdown; docs/results.md holds it.

usage: python -m tests.benchmarks.bench_shifts [--model ID]... [--data DIR] [--keep-out DIR]
A model is a bundle's name or its folder. Three minutes a model on one idle core.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.bundles.bundle import ModelBundle
from inference.bundles.models_dir import find
from inference.engines.device import choose_engine
from inference.scoring.preprocess import Grey
from inference.scoring.scores import probabilities
from tests.benchmarks.other_makers import MAKERS
from training.bundled.pneumonia import WORDS, Material, read_material
from training.films.acquisition import cluster_of_patients, clusters_of, facts_of
from training.judging.metrics import at_threshold, auc
from training.judging.tests_of_difference import delong
from training.sealing.calibrate import RECOMMENDED_SENSITIVITY
from training.sealing.gate_changes import varied
from training.sealing.outputs import run_engine
from training.sealing.shifts import SUITE, shifted

DATA = Path(__file__).parents[3] / "shared" / "data"
LABEL = WORDS.labels[1]
ROOMS = 3
Scores = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Scorer = Callable[[Grey], Scores]


@dataclass(frozen=True, slots=True)
class Row:
    """What a model is worth on some films: AUC, and sensitivity and specificity at a point."""

    auc: float
    sensitivity: float
    specificity: float

    def __str__(self) -> str:
        found = f"{self.auc:.4f}, {self.sensitivity:.3f}, {self.specificity:.3f}"
        return found.replace("nan", "–")  # without healthy films, say


def row_of(ill: Bools, scores: Scores, point: float) -> Row:
    found = at_threshold(ill, scores, point)
    return Row(auc(ill, scores), found["sensitivity"], found["specificity"])


def point_of(ill: Bools, scores: Scores) -> float:
    """The highest point that finds 95 % of the ill films."""
    return float(np.quantile(scores[ill], 1.0 - RECOMMENDED_SENSITIVITY))


def worst_of(rows: Mapping[str, Row]) -> Row:
    """The worst AUC, the worst sensitivity and the worst specificity, each of another change perhaps."""
    found = rows.values()
    return Row(
        min(row.auc for row in found), min(row.sensitivity for row in found), min(row.specificity for row in found)
    )


def under_suite(score: Scorer, films: Grey) -> dict[str, Scores]:
    """The scores [N] of films under each change of the suite."""
    return {name: score(shifted(films, name)) for name in SUITE}


def elsewhere(films: Grey) -> Iterator[tuple[str, Grey]]:
    """The films as they might come from other makers' machines, then from other rooms: mixtures drawn by seed."""
    for name, change in MAKERS.items():
        yield name, np.stack([change(film) for film in films])
    for room in range(ROOMS):
        rng = np.random.default_rng(1000 + room)
        yield f"mixture {room + 1}", np.stack([varied(film, rng) for film in films])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="pneumonia unless named; several are compared")
    parser.add_argument("--data", type=Path, default=DATA / "kermany224")
    parser.add_argument("--keep-out", type=Path, default=DATA / "films")
    options = parser.parse_args()
    material = read_material(options.data, options.keep_out)
    bundles = [find(name) for name in options.model or [WORDS.name]]
    films = material.films[material.split.validation]
    under = [under_suite(scorer(bundle), films) for bundle in bundles]
    for bundle, scores in zip(bundles, under, strict=True):
        scores.update({name: scorer(bundle)(moved) for name, moved in elsewhere(films)})
    tables = (changes_table(bundles, under, material), clusters_table(bundles, under, material))
    for table in (*tables, corners_table(bundles, films[material.ill[material.split.validation]])):
        print(*table, "", sep="\n")


def scorer(bundle: ModelBundle) -> Scorer:
    engine = choose_engine(bundle, "onnx", threads=1)
    return lambda films: probabilities(bundle.card, run_engine(engine, films).logits)[:, 0]


def changes_table(bundles: list[ModelBundle], under: list[dict[str, Scores]], material: Material) -> Iterator[str]:
    """Each change, then the worst of the suite; at the model's own point, and at the one counted as collected."""
    ill = material.ill[material.split.validation]
    yield from _head("change", [f"{bundle.id}: AUC, sensitivity, specificity" for bundle in bundles])
    points = [point_of(ill, scores["as collected"]) for scores in under]
    rows = [
        {name: row_of(ill, under, point) for name, under in scores.items()}
        for scores, point in zip(under, points, strict=True)
    ]
    for name in under[0]:
        yield f"| {name} | " + " | ".join(str(row[name]) for row in rows) + " |"
    yield "| **worst of the suite** | " + " | ".join(str(worst_of({k: row[k] for k in SUITE})) for row in rows) + " |"
    yield (
        "| **worst of other makers** | " + " | ".join(str(worst_of({k: row[k] for k in MAKERS})) for row in rows) + " |"
    )
    own = [
        {name: row_of(ill, under, bundle.card.operating[LABEL].recommended) for name, under in scores.items()}
        for bundle, scores in zip(bundles, under, strict=True)
    ]
    yield "| recommended point, as collected | " + " | ".join(str(row["as collected"]) for row in own) + " |"
    yield "| recommended point, worst | " + " | ".join(str(worst_of({k: row[k] for k in SUITE})) for row in own) + " |"
    lowest = [min(point_of(ill, scores[name]) for name in SUITE) for scores in under]
    for name in ("as collected", *(name for name in under[0] if name not in SUITE)):
        judged = [row_of(ill, scores[name], point) for scores, point in zip(under, lowest, strict=True)]
        yield f"| point set by the worst change, {name} | " + " | ".join(map(str, judged)) + " |"
    if len(bundles) == 2:
        yield ""
        for name in under[0]:
            found = delong(ill, under[1][name], under[0][name])
            yield f"- {name}: AUC {found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def clusters_table(bundles: list[ModelBundle], under: list[dict[str, Scores]], material: Material) -> Iterator[str]:
    """Each cluster by itself, then ill films of the clusters that are rich in healthy ones against healthy films of the
    clusters that are rich in ill ones: what a model that goes by how a film was collected gets wrong.
    """
    sizes = np.full((len(material.films), 2), material.films.shape[1], np.int32)
    clusters = cluster_of_patients(clusters_of(facts_of(material.films, sizes)), material.patients)
    chosen = material.split.validation
    own, ill = clusters[chosen], material.ill[chosen]
    points = [point_of(ill, scores["as collected"]) for scores in under]
    yield from _head(
        "cluster", ["ill, healthy", *(f"{bundle.id}: AUC, sensitivity, specificity" for bundle in bundles)]
    )
    groups = {str(cluster + 1): own == cluster for cluster in np.unique(own)}
    share = {cluster: material.ill[clusters == cluster].mean() for cluster in np.unique(own)}
    rich = np.array([share[cluster] > material.ill.mean() for cluster in own])
    groups["**crossed**"] = rich != ill
    for name, inside in groups.items():
        counts = f"{int(ill[inside].sum())}, {int((~ill[inside]).sum())}"
        rows = [
            row_of(ill[inside], scores["as collected"][inside], point)
            for scores, point in zip(under, points, strict=True)
        ]
        yield f"| {name} | {counts} | " + " | ".join(map(str, rows)) + " |"


def corners_table(bundles: list[ModelBundle], ill: Grey) -> Iterator[str]:
    """How much of the heat on ill films [N, S, S] lies in the corners, where side marks stand and no lung does."""
    yield from _head("share of the heat on ill films in the corner", [bundle.id for bundle in bundles])
    shares = [
        _in_corners(run_engine(choose_engine(bundle, "onnx", threads=1), ill).class_maps[:, 0]) for bundle in bundles
    ]
    for corner in CORNERS:
        yield f"| {corner} | " + " | ".join(f"{100 * share[corner]:.1f} %" for share in shares) + " |"


def _in_corners(maps: npt.NDArray[np.float32]) -> dict[str, float]:
    """The mean share of what is above zero of maps [N, h, w] in each corner of a quarter of the sides."""
    heat = np.maximum(maps, 0.0)
    side = round(heat.shape[1] / 4)
    whole = np.maximum(heat.sum(axis=(1, 2)), 1e-9)
    return {
        name: float((heat[:, rows(side), columns(side)].sum(axis=(1, 2)) / whole).mean())
        for name, (rows, columns) in CORNERS.items()
    }


def _first(side: int) -> slice:
    return slice(0, side)


def _last(side: int) -> slice:
    return slice(-side, None)


CORNERS = {
    "top left": (_first, _first),
    "top right": (_first, _last),
    "bottom left": (_last, _first),
    "bottom right": (_last, _last),
}


def _head(first: str, names: list[str]) -> Iterator[str]:
    yield f"| {first} | " + " | ".join(names) + " |"
    yield "| --- |" + " --- |" * len(names)


if __name__ == "__main__":
    main()
