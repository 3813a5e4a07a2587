"""What a check on films of the reader's own has shown: kept in the user's data folder, for one set of weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from imaging.atomic import replace_file
from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from inference.bundles.card import Measure, ModelCard, OperatingPoints
from inference.bundles.card_check import counts_fit
from inference.scoring.operating import OperatingTable
from inference.scoring.records import RecordError, from_json, to_json

FOLDER = "operating"
DESCRIBED = "films of your own"
FEW_FILMS = 50  # below which a check says little: the interval of a share of 25 films is some 30 of 100 wide
_LIMIT_BYTES = 16 << 20


class ReliabilityBin(NamedTuple):
    """Films of about one score: its mean, how many there are, and how many of them are ill."""

    probability: float
    films: int
    ill: int


@dataclass(frozen=True, slots=True)
class LocalFinding:
    """What the films said of one finding. The measures are those at `operating_point`, the card's recommended one.

    A measure that the films do not define is None, and so is every measure of a file of schema 1. Beyond
    `calibration_by_chance` a calibration error is not explained by the number of films. `operating` is None
    where the films were all ill or all healthy: nothing could be recommended.
    """

    films: int
    patients: int
    ill: int
    healthy: int
    operating_point: float
    sensitivity: Measure | None
    specificity: Measure | None
    auc: Measure | None
    calibration_error: Measure | None
    calibration_by_chance: float | None
    reliability: tuple[ReliabilityBin, ...]
    operating: OperatingPoints | None

    def falls_short_of(self, card: OperatingPoints) -> bool:
        """Whether the card promises more, at its recommended point, than chance explains on these films."""
        if not card.rows:
            return False
        promised = OperatingTable(card).point_at(card.recommended)
        pairs = ((self.sensitivity, promised.sensitivity), (self.specificity, promised.specificity))
        return any(own is not None and own.high < card_says.value for own, card_says in pairs)


@dataclass(frozen=True, slots=True)
class LocalTable:
    """The file. `films` and `patients` are those that were scored and that the model is not known to be trained on;
    `gated`, `refused` and `trained_on` count the others.

    `date` is a day in ISO 8601, '' in what comes from schema 1. `in_use`: the reader took the points counted here in
    the place of the card's; nothing else ever does.
    """

    model: str
    weights_sha256: str
    date: str
    films: int
    patients: int
    gated: int
    refused: int
    trained_on: int
    findings: dict[str, LocalFinding]
    in_use: bool = False
    schema: Literal[2] = 2

    @property
    def operating(self) -> dict[str, OperatingPoints]:
        """The operating points by finding, where both ill and healthy films are behind them."""
        return {label: finding.operating for label, finding in self.findings.items() if finding.operating is not None}

    @property
    def is_small(self) -> bool:
        return self.films < FEW_FILMS

    def sentence(self, label: str) -> str:
        """'Checked at your site on 120 films, 2026-11-21: sensitivity 0.93 (0.85 to 0.97), specificity …'."""
        finding = self.findings[label]
        named = (("sensitivity", finding.sensitivity), ("specificity", finding.specificity))
        said = ", ".join(
            f"{name} {measure.value:.2f} ({measure.low:.2f} to {measure.high:.2f})"
            for name, measure in named
            if measure is not None
        )
        start = f"Checked at your site on {finding.films:,} films" + (f", {self.date}" if self.date else "")
        return f"{start}: {said}." if said else f"{start}."


def local_table_path(model: str, weights_sha256: str) -> Path:
    """Where a model's local table lies: a threshold never moves to another model or other weights.

    `model` is `name@version`. Raises OSError where there is no data folder.
    """
    return user_data_dir() / FOLDER / f"{model}-{weights_sha256[:16]}.json"


def write_local_table(table: LocalTable) -> Path:
    """Keep a check, in the place of an earlier one. Raises NegatoscopeError."""
    content = json.dumps(to_json(table), indent=1, allow_nan=False)
    try:
        path = local_table_path(table.model, table.weights_sha256)
        path.parent.mkdir(exist_ok=True)
        replace_file(path, content + "\n")
    except OSError as error:
        raise NegatoscopeError(
            "The operating table can't be kept. Check that the data folder can be written.", detail=type(error).__name__
        ) from error
    return path


def read_local_table(card: ModelCard, weights_sha256: str) -> LocalTable | None:
    """The check kept of a model; None where there is none, or none that can be trusted."""
    try:
        with local_table_path(card.id, weights_sha256).open("rb") as stream:
            body = json.loads(stream.read(_LIMIT_BYTES))
        table = from_json(LocalTable, _of_schema_2(body))
    except (OSError, ValueError, RecursionError, RecordError):
        return None
    same = (table.model, table.weights_sha256) == (card.id, weights_sha256)
    sound = all(label in card.findings and _is_sound(finding) for label, finding in table.findings.items())
    return table if same and sound and table.findings else None


def _is_sound(finding: LocalFinding) -> bool:
    counted = finding.operating is None or (
        counts_fit(finding.operating) and finding.operating.ill > 0 and finding.operating.healthy > 0
    )
    binned = all(0 <= point.probability <= 1 and 0 <= point.ill <= point.films for point in finding.reliability)
    return (
        counted
        and binned
        and finding.ill >= 0
        and finding.healthy >= 0
        and finding.films == finding.ill + finding.healthy
    )


def _of_schema_2(body: Any) -> Any:
    """A file of schema 1 held the operating points alone."""
    if not isinstance(body, dict) or body.get("schema") != 1:
        return body
    tables = from_json(dict[str, OperatingPoints], body.get("operating"))
    table = LocalTable(
        model=str(body.get("model")),
        weights_sha256=str(body.get("weights_sha256")),
        date="",
        films=max((points.films for points in tables.values()), default=0),
        patients=max((points.patients for points in tables.values()), default=0),
        gated=0,
        refused=0,
        trained_on=0,
        findings={label: _from_points(points) for label, points in tables.items()},
    )
    return to_json(table)


def _from_points(points: OperatingPoints) -> LocalFinding:
    return LocalFinding(
        points.films,
        points.patients,
        points.ill,
        points.healthy,
        points.recommended,
        sensitivity=None,
        specificity=None,
        auc=None,
        calibration_error=None,
        calibration_by_chance=None,
        reliability=(),
        operating=points,
    )
