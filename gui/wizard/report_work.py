"""The report of a run: everything that its Result page shows, as blocks to save. It names no film, and shows the films
that went wrong only where it is asked to.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gui.films.entries import label_name
from gui.wizard import result_work
from gui.wizard.result_work import Shown
from gui.wizard.tables import against_cells, number_or_dash, shift_rows
from gui.wizard.words import MEASURE_NAMES, PART_NAMES, SHIFTED, TRAITS, said
from imaging.progress import CancelToken

if TYPE_CHECKING:
    from training.judging.report import Block, Figure, Picture, Table
    from training.judging.run_result import Against, JudgedPart
    from training.running.run_story import Story

ABOUT = (
    "It is an aid for research and no medical device. What is measured holds for films of this collection. Intervals "
    "are 95 %, by patient."
)
NO_FILMS = "This report names no film and shows none."
FILMS = "It shows films of patients: mind who may see it."
MOST_SHOWN, SIDE_PX = 12, 192  # films that went wrong, of each part and finding


def saved_report(
    shown: Shown, points: Mapping[str, float], place: Path, token: CancelToken, *, with_films: bool = False
) -> Path:
    """Write the report of a run to `place` and hand that back; `points` are the operating points by finding.

    `with_films` shows those that went wrong. Raises NegatoscopeError, Cancelled.
    """
    from training.judging.report import write_report

    write_report([*_blocks(shown, points, token, with_films=with_films)], place)
    return place


def _blocks(shown: Shown, points: Mapping[str, float], token: CancelToken, *, with_films: bool) -> Iterator[Block]:
    from training.judging.report import Heading, Text

    result = shown.result
    yield Heading(1, shown.title)
    about = f"{ABOUT} {FILMS if with_films else NO_FILMS}"
    yield Text(f"Model {result.model}, written on {time.strftime('%Y-%m-%d')}. {about}")
    yield from _training(shown)
    for part in result.parts.values():
        yield Heading(2, PART_NAMES.get(part.name, part.name))
        yield Text(f"{len(part.films):,} films of {part.patients:,} patients.")
        for label, point in points.items():
            token.check()
            yield from _finding(part, label, point, points, token)
            if with_films:
                yield from _films(part, label, point, token)
    if result.against is not None:
        yield Heading(2, f"Against {result.against.old}, which it started from")
        yield _against(result.against)
        yield Text(result.against.worse or "Nothing speaks against the new model on these films.")
    for label, shifts in shown.shifts.items():
        yield Heading(2, f"If films were taken differently: {label_name(label)}")
        yield _shifts(shifts)
    yield from _runs(shown)


def _training(shown: Shown) -> Iterator[Block]:
    """How it was trained, its curves, and what was left out."""
    from inference.networks.backbones import BACKBONES
    from training.films.left_out import read_left_out
    from training.judging.report import Heading, Table, Text
    from training.running.run_dir import RunDir
    from training.running.run_story import Story, told_on

    run = RunDir(shown.path)
    plan = run.plan()
    story = told_on(Story(), run.events()[0], plan)
    yield Heading(2, "How it was trained")
    network, learning = plan.network, plan.learning
    start = network.start.bundle or ("random" if network.start.kind == "scratch" else network.start.kind) + " weights"
    rows = [
        ("Backbone", BACKBONES[network.backbone].title),
        ("Way", network.mode),
        ("Starts from", start),
        ("Films", f"{story.training:,} to learn from, {story.validation:,} to judge by"),
        ("Input", f"{plan.preprocess.size_px} px, {plan.preprocess.fit}"),
        ("Seed", str(plan.seed)),
    ]
    if network.mode != "quick":
        rows += [("Epochs", f"{len(story.judged)} of {learning.epochs}"), ("Optimiser", learning.optimiser)]
        rows += [("Rate", f"{learning.rate:g}"), ("Epoch kept by", plan.choice.pick)]
    yield Table(("Setting", "Value"), tuple(rows))
    if story.judged:
        yield from _learning_curves(story)
    reasons = Counter(film.reason for film in read_left_out(shown.path))
    if reasons:
        yield Text("Films that were left out:")
        yield Table(("Reason", "Films"), tuple((reason, f"{count:,}") for reason, count in reasons.most_common()))
    warnings = [word.text for word in story.words if word.tone in ("amber", "red")]
    for text in warnings:
        yield Text(f"Noted: {text}")


def _learning_curves(story: Story) -> Iterator[Figure]:
    from training.judging.report_plots import BLUE, GREEN, Field, PlotLine, plot, round_high

    learnt, judged = list(story.training_loss), list(story.validation_loss)
    field = Field("epochs", "loss", float(story.epochs), round_high([dot.value for dot in (*learnt, *judged)]))
    lines = (PlotLine("training", BLUE, learnt), PlotLine("validation", GREEN, judged, dotted=True))
    yield plot("Loss over the epochs", field, lines)
    aucs = [(after.epoch + 1.0, after.measures["auc"]) for after in story.judged if "auc" in after.measures]
    if aucs:
        line = PlotLine("", GREEN, aucs, dotted=True)
        yield plot("AUC on the validation part", Field("epochs", "AUC", float(story.epochs)), (line,))


def _finding(
    part: JudgedPart, label: str, point: float, points: Mapping[str, float], token: CancelToken
) -> Iterator[Block]:
    from training.judging.report import Heading, Table, Text

    found = result_work.judged(part, label, point, token)
    yield Heading(3, f"{label_name(label)}, called from a score of {point:.3f}")
    measures = ((name, said(found.measures.get(key))) for key, name in MEASURE_NAMES.items())
    yield Table(("Measure", "Value (95 % interval)"), tuple(measures))
    counts = found.counts
    yield Table(
        ("Confusion", "called ill", "called healthy"),
        (
            ("is ill", f"{counts[True, True]:,}", f"{counts[True, False]:,}"),
            ("is healthy", f"{counts[False, True]:,}", f"{counts[False, False]:,}"),
        ),
    )
    yield from _curves(part, label)
    if len(points) == 1:
        classes = (
            (row.name, f"{row.films:,}", said(row.precision), said(row.sensitivity), said(row.f1))
            for row in found.report
        )
        yield Table(("Class", "Films", "Precision", "Sensitivity", "F1"), tuple(classes))
    if found.groups:
        rows = (
            (
                f"{TRAITS[group.trait]}: {group.name}",
                f"{group.films:,}",
                said(group.auc),
                said(group.sensitivity),
                said(group.specificity),
            )
            for group in found.groups
        )
        yield Table(("Group", "Films", "AUC", "Sensitivity", "Specificity"), tuple(rows))
        if any(group.is_small for group in found.groups):
            yield Text("Groups of few films can’t be told from chance.")


def _films(part: JudgedPart, label: str, point: float, token: CancelToken) -> Iterator[Picture]:
    """The films on the wrong side of the point, the worst first, as far as they can still be read."""
    import io

    from PIL import Image

    from gui.films.thumbnails import make_thumbnail
    from imaging.errors import FilmError
    from imaging.study import ImageRef
    from training.judging.report import Picture
    from training.judging.run_result import mistakes

    for mistake in mistakes(part, label, point)[:MOST_SHOWN]:
        token.check()
        try:
            pixels = make_thumbnail(ImageRef(mistake.film.path, mistake.film.frame), SIDE_PX)
        except FilmError:
            continue
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG")
        kind = "Missed" if mistake.missed else "False alarm"
        yield Picture(png.getvalue(), f"{kind}, score {mistake.probability:.2f}")


def _curves(part: JudgedPart, label: str) -> Iterator[Figure]:
    from training.judging.report_plots import BLUE, GREEN, Field, PlotLine, plot

    curves = result_work.curves(part, label)
    if curves.ill and curves.healthy:
        roc = [(point.alarms / curves.healthy, point.found / curves.ill) for point in curves.points]
        yield plot("ROC", Field("1 − specificity", "sensitivity", diagonal=True), (PlotLine("", BLUE, roc),))
        both = [(point.found / curves.ill, point.found / (point.found + point.alarms)) for point in curves.points[1:]]
        before = (0.0, *(recall for recall, _ in both))
        steps = [
            at for left, (recall, share) in zip(before, both, strict=False) for at in ((left, share), (recall, share))
        ]
        yield plot("Precision over recall", Field("sensitivity", "precision"), (PlotLine("", BLUE, steps),))
    shares = [(bar.probability, bar.ill / bar.films) for bar in curves.reliability if bar.films]
    yield plot("Reliability", Field("score", "share ill", diagonal=True), (PlotLine("", GREEN, shares, dotted=True),))


def _against(against: Against) -> Table:
    from training.judging.report import Table

    rows = (
        (f"{PART_NAMES.get(row.part, row.part)}, {label_name(row.label)}", *against_cells(row)) for row in against.rows
    )
    return Table(
        ("Films that neither learnt from", "Films", "Before", "Now", "Δ AUC", "DeLong", "McNemar"), tuple(rows)
    )


def _shifts(shifts: Mapping[str, Mapping[str, float]]) -> Table:
    from training.judging.report import Table

    return Table(("Validation films", "AUC", "Sensitivity", "Specificity"), tuple(shift_rows(shifts)))


def _runs(shown: Shown) -> Iterator[Block]:
    from training.judging.report import Heading, Table

    if len(shown.rows) < 2:
        return
    yield Heading(2, "Runs on the same films")
    rows = []
    for row in shown.rows:
        for label, measures in row.compared.measures.items():
            values = (number_or_dash(measures[name]["value"]) for name in SHIFTED)
            rows.append((f"{row.compared.name}, {row.backbone}", row.mode, label_name(label), *values))
    yield Table(("Run", "Way", "Finding", "AUC", "Sensitivity", "Specificity"), tuple(rows))
