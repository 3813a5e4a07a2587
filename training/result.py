"""What a run's model is worth: every measure on the validation part, and once on the test part, film by film."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from imaging.atomic import replace_file
from inference.bundle import ModelBundle
from inference.device import choose_engine
from inference.operating import recommended_points
from inference.scores import probabilities
from training.against import against, verdict
from training.checkpoint import CheckpointError
from training.evaluate import Scored, measures_of
from training.outputs import run_engine
from training.prepare import Prepared
from training.robust import counts_worst, shifts_of
from training.split import Positions

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
    engine = choose_engine(bundle, "onnx")
    split = prepared.split
    parts: dict[str, Any] = {}
    scores_of = {}
    lines: list[str] = []
    for name, positions in (("validation", split.validation), ("test", split.test)):
        if not len(positions):
            continue
        logits = run_engine(engine, np.asarray(prepared.cached.films[positions])).logits
        scores = probabilities(bundle.card, logits)
        scores_of[name] = scores
        parts[name] = _part(bundle, prepared, positions, scores)
        lines += [
            _line(name, prepared, at, dict(zip(prepared.findings, row, strict=True)))
            for at, row in zip(positions.tolist(), scores.tolist(), strict=True)
        ]
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "model": bundle.id,
        "weights_sha256": bundle.weights_sha256,
        "parts": parts,
        "shifts": shifts_of(bundle.card),
        "points_under_worst_shift": counts_worst(bundle.card),
    }
    worse = ""
    if old is not None:
        body["against"] = against(old, bundle, prepared, scores_of)
        worse = verdict(body["against"])
    try:
        replace_file(folder / PREDICTIONS, "".join(lines))
        replace_file(folder / RESULT, json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise CheckpointError("The result can't be written: the disk may be full.", detail=str(error)) from error
    found = {
        f"{label}.{measure}": of[measure]["value"]
        for label, of in parts["validation"]["labels"].items()
        for measure in ("auc", "accuracy", "sensitivity", "specificity")
        if of[measure]["value"] is not None
    }
    return found, worse


def _part(bundle: ModelBundle, prepared: Prepared, positions: Positions, scores: np.ndarray) -> dict[str, Any]:
    """The measures of one part in the fields of `evaluate` (contract.md)."""
    points, patients = recommended_points(bundle.card), prepared.patients(positions)
    labels_of = [prepared.manifest.films[at].labels for at in positions]
    labels = {}
    for column, label in enumerate(prepared.findings):
        truth = np.array([label in own for own in labels_of])
        labels[label] = measures_of(Scored(truth, scores[:, column], patients), points[label])
    return {"films": len(positions), "patients": len(set(patients.tolist())), "labels": labels}


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
