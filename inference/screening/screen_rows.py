"""What a line of `screen` says (contract.md), and what all of them say in sum."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imaging.errors import FilmError
from imaging.study import ImageRef
from inference.engines.served import is_int8
from inference.scoring.pipeline import at_points
from inference.scoring.results import ImageResult
from inference.scoring.views import views_of

SCHEMA = 1
INSISTED = "+insisted"  # behind the engine's name in the line of a film that was scored although it is outside the gate
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """What all lines of one run share. `points` are the operating points in force, by finding; `int8`: the quantised
    graph gave the scores; `views`: how many views of a film they are the mean of; `insist`: films outside the model's
    gate are scored too.
    """

    model: str
    weights_sha256: str
    points: Mapping[str, float]
    heatmaps: bool
    int8: bool = False
    views: int = 1
    insist: bool = False


_NO_TERMS = Terms("", "", {}, heatmaps=False)


def analysed_row(result: ImageResult, terms: Terms, heatmaps: Mapping[str, Path] | None) -> Row:
    """The line of a film that was analysed; `heatmaps` are the files written, by finding.

    By the contract a line has findings where the gate accepts the film, and there alone. Whoever insists has waived the
    gate: it accepts every film, and the engine's name says which of them it would have kept out (ADR 19).
    """
    insisted = result.gate.insisted
    reasons = [] if insisted else list(result.gate.reasons)
    return _row(result.ref, terms) | {
        "engine": result.engine + (INSISTED if insisted else ""),
        "seconds": round(result.seconds, 6),
        "gate": {"accepted": result.gate.accepted or insisted, "reasons": reasons},
        "findings": [
            {
                "label": finding.label,
                "probability": finding.probability,
                "operating_point": finding.operating_point,
                "flagged": finding.flagged,
            }
            for finding in at_points(result.findings, terms.points)
        ],
        "heatmaps": None if heatmaps is None else {label: path.as_posix() for label, path in heatmaps.items()},
    }


def refused_row(ref: ImageRef, error: FilmError, terms: Terms, engine: str) -> Row:
    """The line of a film that could not be read or analysed."""
    return _row(ref, terms) | {
        "engine": engine,
        "error": {"code": str(error.code), "message": error.message},
    }


def _row(ref: ImageRef, terms: Terms) -> Row:
    return {
        "schema": SCHEMA,
        "path": ref.path.as_posix(),
        "frame": ref.frame,
        "sop_instance_uid": ref.uid,
        "model": terms.model,
        "weights_sha256": terms.weights_sha256,
        "engine": "",
        "seconds": 0.0,
        "gate": {"accepted": True, "reasons": []},
        "findings": [],
        "heatmaps": None,
        "error": None,
    }


@dataclass(slots=True)
class Tally:
    """What the lines say in sum, those of an earlier part of the run included."""

    films: int = 0
    refused: int = 0
    flagged: int = 0
    gated: int = 0
    insisted: int = 0

    def count(self, row: Row) -> None:
        self.films += 1
        self.refused += row["error"] is not None
        self.gated += not row["gate"]["accepted"]
        self.insisted += str(row["engine"]).endswith(INSISTED)
        self.flagged += any(finding["flagged"] for finding in row["findings"])


def parsed(raw: bytes) -> Row | None:
    """What a line of ours holds, None for anything else."""
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and set(row) == set(_row(ImageRef(Path()), _NO_TERMS)) else None


def fits(row: Row, terms: Terms) -> bool:
    """Whether an earlier line could have been written by this run, and can be counted."""
    try:
        points = {finding["label"]: finding["operating_point"] for finding in row["findings"]}
        tally = Tally()
        tally.count(row)
    except (KeyError, TypeError):  # what stands in a field is of another kind
        return False
    return (
        (type(row["path"]), type(row["frame"])) == (str, int)
        and (row["model"], row["weights_sha256"]) == (terms.model, terms.weights_sha256)
        and points in ({}, terms.points)
        and is_int8(str(row["engine"])) == terms.int8
        and views_of(str(row["engine"]).removesuffix(INSISTED)) == terms.views
        and not (tally.gated if terms.insist else tally.insisted)
        and (row["heatmaps"] is not None) == (terms.heatmaps and bool(points))
    )
