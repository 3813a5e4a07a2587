"""What a run's model is worth: every measure on the validation part, and once on the test part, film by film."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imaging.atomic import replace_file
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.engines.engine import Engine
from inference.scoring.operating import recommended_points
from inference.scoring.scores import probabilities
from training.films.prepare import Prepared
from training.films.split import Positions
from training.judging.against import against, verdict
from training.judging.evaluate import Scored, measures_of
from training.learn.checkpoint import CheckpointError
from training.sealing.outputs import run_engine
from training.sealing.robust import counts_worst, shifts_of

RESULT, PREDICTIONS = "result.json", "predictions.jsonl"
SCHEMA = 1


def write_result(
    folder: Path, bundle: ModelBundle, prepared: Prepared, old: ModelBundle | None = None
) -> tuple[dict[str, float], str]:
    """Judge a sealed bundle on the parts that it did not learn from, and write `result.json` and `predictions.jsonl`.

    `old`: the model that the run went on from, which is held against the new one on the same films. Returns the main
    figures of the validation part by finding and measure, and what speaks against the new model taking the old one's
    place, '' where nothing does. Raises CheckpointError where the disk does not take it.
    """
    split = prepared.split
    parts = (("validation", split.validation), ("test", split.test))
    judge = _Judge(bundle, prepared, choose_engine(bundle, "onnx"))
    judged = {name: judge.judged(name, positions) for name, positions in parts if len(positions)}
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "model": bundle.id,
        "weights_sha256": bundle.weights_sha256,
        "parts": {name: part.measures for name, part in judged.items()},
        "shifts": shifts_of(bundle.card),
        "points_under_worst_shift": counts_worst(bundle.card),
    }
    worse = ""
    if old is not None:
        body["against"] = against(old, bundle, prepared, {name: part.scores for name, part in judged.items()})
        worse = verdict(body["against"])
    try:
        replace_file(folder / PREDICTIONS, "".join(line for part in judged.values() for line in part.lines))
        replace_file(folder / RESULT, json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise CheckpointError("The result can't be written: the disk may be full.", detail=str(error)) from error
    return _main_figures(judged["validation"].measures), worse


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """What a bundle makes of the N films of one part: `scores` float [N, K], a column for each finding; the measures
    in the fields of `evaluate` (contract.md); the films' lines.
    """

    scores: np.ndarray
    measures: dict[str, Any]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    bundle: ModelBundle
    prepared: Prepared
    engine: Engine

    def judged(self, part: str, positions: Positions) -> _Judged:
        logits = run_engine(self.engine, np.asarray(self.prepared.cached.films[positions])).logits
        scores = probabilities(self.bundle.card, logits)
        lines = tuple(
            _line(part, self.prepared, at, dict(zip(self.prepared.findings, row, strict=True)))
            for at, row in zip(positions.tolist(), scores.tolist(), strict=True)
        )
        return _Judged(scores, self._measures(positions, scores), lines)

    def _measures(self, positions: Positions, scores: np.ndarray) -> dict[str, Any]:
        points, patients = recommended_points(self.bundle.card), self.prepared.patients(positions)
        labels_of = [self.prepared.manifest.films[at].labels for at in positions]
        labels = {}
        for column, label in enumerate(self.prepared.findings):
            truth = np.array([label in own for own in labels_of])
            labels[label] = measures_of(Scored(truth, scores[:, column], patients), points[label])
        return {"films": len(positions), "patients": len(set(patients.tolist())), "labels": labels}


def _main_figures(measures: dict[str, Any]) -> dict[str, float]:
    return {
        f"{label}.{measure}": found[measure]["value"]
        for label, found in measures["labels"].items()
        for measure in ("auc", "accuracy", "sensitivity", "specificity")
        if found[measure]["value"] is not None
    }


def _line(part: str, prepared: Prepared, position: int, scores: dict[str, float]) -> str:
    film = prepared.manifest.films[position]
    body = {
        "part": part,
        "path": film.path.as_posix(),
        "frame": film.frame,
        "digest": film.digest,
        "patient": film.patient,
        "labels": list(film.labels),
        "probabilities": scores,
        "subject": dataclasses.asdict(film.subject),
    }
    # In ASCII: names may hold stray bytes, which are no UTF-8, and signs at which lines would be parted.
    return json.dumps(body, allow_nan=False) + "\n"
