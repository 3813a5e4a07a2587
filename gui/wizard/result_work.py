"""What the Result page shows, worked out on a job's thread: read once, then judged for each part, finding and point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken

if TYPE_CHECKING:
    from inference.bundles.card import Measure, ModelCard, OperatingPoints, OperatingRow
    from inference.scoring.local_table import ReliabilityBin
    from training.films.left_out import LeftOut
    from training.judging.class_report import ClassRow
    from training.judging.compare import Versus
    from training.judging.curves import CurvePoint
    from training.judging.run_result import JudgedPart, Mistake, RunResult
    from training.judging.run_table import RunRow
    from training.judging.subgroups import Group


@dataclass(frozen=True, slots=True)
class Shown:
    """A run's result. `rows` are the runs on the same films, this one first; `trouble` says why there is no table.

    `bundle` is where the model lies, '' where it is gone. `stops` are the operating points of the slider by finding,
    counted on the validation part: the thresholds of the model's own table, the highest of those that it tells apart.
    `slider` is where the viewer's slider stands at each of them: a share of ill films found, by the model's table.
    `shifts` are measures of the validation part under changes of the films, by finding and change, as the card has
    them; `worst_counts`: the model's table counts the worst of them.
    `is_kept_back`: it was to take the place of the model that it started from, and was not installed.
    """

    path: Path
    title: str
    result: RunResult
    bundle: str
    rows: tuple[RunRow, ...]
    stops: dict[str, tuple[OperatingRow, ...]]
    slider: dict[str, tuple[float, ...]]
    shifts: dict[str, dict[str, dict[str, float]]]
    worst_counts: bool = False
    trouble: str = ""
    is_kept_back: bool = False
    left_out: tuple[LeftOut, ...] = ()

    @property
    def identity(self) -> str:
        """How the viewer names the model where it keeps its operating point."""
        return f"{self.result.model} {self.result.weights_sha256}"


@dataclass(frozen=True, slots=True)
class Curves:
    """What does not depend on the operating point."""

    points: tuple[CurvePoint, ...]
    ill: int
    healthy: int
    reliability: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A part judged at a point. Measures are None where the films do not define them.

    `counts` are films by (is ill, called ill). `is_quick`: measures that take long are not in it yet.
    """

    point: float
    measures: dict[str, Measure | None]
    counts: dict[tuple[bool, bool], int]
    groups: tuple[Group, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    report: tuple[ClassRow, ...] = ()
    is_quick: bool = False


def read_shown(path: Path, token: CancelToken) -> Shown:
    """Raises ResultError, PlanError, Cancelled."""
    from training.films.left_out import read_left_out
    from training.judging.run_result import read_result
    from training.judging.run_table import runs_on_same_films
    from training.recipes import true_title
    from training.running.run_dir import RunDir
    from training.sealing.robust import counts_worst, shifts_of

    run = RunDir(path)
    result = read_result(path)
    bundle = run.finished.bundle if run.finished is not None else ""
    rows: tuple[RunRow, ...] = ()
    trouble = ""
    try:
        rows = runs_on_same_films(path, token)
    except NegatoscopeError as error:
        trouble = error.message
    card = _card(Path(bundle)) if bundle else None
    tables = card.operating if card is not None else {}
    part = result.parts["validation"]
    stops = {label: slider_stops(part, label, tables.get(label)) for label in part.points}
    return Shown(
        path=path,
        title=true_title(run.plan()),
        result=result,
        bundle=bundle if bundle and (Path(bundle) / "card.json").is_file() else "",
        rows=rows,
        stops={label: rows for label, (rows, _) in stops.items()},
        slider={label: at for label, (_, at) in stops.items()},
        shifts=shifts_of(card) if card is not None else {},
        worst_counts=card is not None and counts_worst(card),
        trouble=trouble,
        is_kept_back=bool(bundle) and Path(bundle).is_relative_to(path),
        left_out=read_left_out(path),
    )


def curves(part: JudgedPart, label: str) -> Curves:
    """The points of ROC and precision over recall, and whether scores mean what they say."""
    from training.judging.curves import points_of
    from training.judging.metrics import reliability

    films = part.scored(label)
    ill = int(films.ill.sum())
    return Curves(
        points_of(films.ill, films.probabilities),
        ill,
        len(films.ill) - ill,
        reliability(films.ill, films.probabilities),
    )


def judged_quickly(part: JudgedPart, label: str, point: float) -> Judgement:
    """What follows a dragged point: shares with their intervals, and counts. A few milliseconds."""
    from training.judging.metrics import share_by_patient

    films = part.scored(label)
    called = films.probabilities >= point

    def share(holds: Any, among: Any) -> Measure | None:
        return share_by_patient(holds[among], films.patients[among]) if among.any() else None

    known = part.measures.get(label, {})
    still = {name: known[name] for name in known if name != "f1" or point == part.points[label]}
    measures = still | {
        "sensitivity": share(called, films.ill),
        "specificity": share(~called, ~films.ill),
        "precision": share(films.ill, called),
        "accuracy": share(called == films.ill, films.ill | ~films.ill),
    }
    counts = {
        (ill, flag): int(((films.ill == ill) & (called == flag)).sum())
        for ill in (True, False)
        for flag in (True, False)
    }
    return Judgement(point, measures, counts, is_quick=True)


def judged(part: JudgedPart, label: str, point: float, token: CancelToken, known: tuple[Group, ...] = ()) -> Judgement:
    """Everything at a point: each measure with its interval by patient, groups, and the films on the wrong side.

    `known` are the groups of the same films at another point. Raises Cancelled.
    """
    from training.judging.class_report import class_report
    from training.judging.metrics import by_patient, f1
    from training.judging.run_result import mistakes
    from training.judging.subgroups import groups_of

    films = part.scored(label)
    quick = judged_quickly(part, label, point)
    measures: dict[str, Measure | None] = dict.fromkeys(("f1",)) | quick.measures
    if "f1" not in quick.measures and films.ill.any() and part.patients > 1:
        drawn = by_patient(films.ill, films.probabilities, films.patients, lambda ill, p: f1(ill, p >= point))
        measures["f1"] = drawn
    token.check()
    report = class_report(part, part.points | {label: point})
    token.check()
    return Judgement(
        point=point,
        measures=measures,
        counts=quick.counts,
        groups=groups_of(films, [film.subject for film in part.films], point, known),
        mistakes=mistakes(part, label, point),
        report=report,
    )


def compared(rows: tuple[RunRow, ...], baseline: int) -> dict[tuple[int, str], Versus]:
    """Every run against the one at `baseline`."""
    from training.judging.run_table import against

    return against(rows, baseline)


def slider_stops(
    part: JudgedPart, label: str, table: OperatingPoints | None
) -> tuple[tuple[OperatingRow, ...], tuple[float, ...]]:
    """By falling threshold, counted on the part's films, and what share `table` says each finds. None where the films
    are all of one kind. Without the model's own table these films make one.
    """
    from inference.bundles.card import OperatingRow
    from training.sealing.calibrate import operating_points

    films = part.scored(label)
    if not films.is_both:
        return (), ()
    if table is None or not table.rows or not table.ill:
        table = operating_points(films.ill, films.probabilities, part.patients, part.name)
    best = {row.true_positive: row for row in sorted(table.rows)}
    rows = sorted((row for found, row in best.items() if found), reverse=True)
    called = [films.probabilities >= row.threshold for row in rows]
    counted = (
        OperatingRow(row.threshold, int((flags & films.ill).sum()), int((flags & ~films.ill).sum()))
        for row, flags in zip(rows, called, strict=True)
    )
    return tuple(counted), tuple(row.true_positive / table.ill for row in rows)


def _card(bundle: Path) -> ModelCard | None:
    """None where the model is gone."""
    from inference.bundles.bundle import read_bundle
    from inference.bundles.card import BundleError

    try:
        return read_bundle(bundle).card
    except BundleError:
        return None
