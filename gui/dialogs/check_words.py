"""The sentences of a check. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.films.entries import point_figure, score_words
from gui.panels.wording import complement, hundred, range_words

if TYPE_CHECKING:
    from gui.second_reader.check_work import Outcome, WrongFilm
    from gui.second_reader.checking import CheckState
    from gui.second_reader.chosen_model import ChosenModel
    from inference.bundles.card import Measure, OperatingPoints
    from inference.scoring.local_table import LocalFinding, LocalTable

MEASURES = (
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("auc", "AUC"),
    ("calibration_error", "Calibration error"),
)


def what_to_drop(model: ChosenModel | None) -> str:
    """How the films have to lie, in the model's own labels."""
    if model is None:
        return "No model is chosen."
    labels = model.card.labels
    named = " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
    return (
        f"A folder with one folder for each label, called {named}; or a CSV file with the columns path and label, "
        "and patient where several films are of one."
    )


def progress_words(state: CheckState) -> str:
    """'Analysing 34 of 120 films'."""
    match state.stage.value:
        case "looking":
            return f"Looking for films… {state.done:,} found"
        case "analysing":
            return f"Analysing {min(state.done + 1, state.total):,} of {state.total:,} films"
        case _:
            return "Counting…"


def films_words(table: LocalTable) -> str:
    """'120 films of 110 patients · 2026-11-21 · 2 kept out by the gate · 1 could not be read'."""
    parts = [
        f"{_films(table.films)} of {table.patients:,} patients" if table.patients else _films(table.films),
        table.date,
    ]
    parts += [f"{table.gated:,} kept out by the gate"] if table.gated else []
    parts += [f"{table.refused:,} could not be read"] if table.refused else []
    return " · ".join(part for part in parts if part)


def warnings(table: LocalTable, outcome: Outcome | None, label: str) -> list[str]:
    """What the reader must know before believing the figures, worst first."""
    found = table.findings.get(label)
    said = []
    if found is not None and found.operating is None and found.films:
        kind = "ill" if found.ill else "healthy"
        said.append(f"All films are {kind}: there is no check without ill and healthy films, and nothing is kept.")
    if table.trained_on:
        said.append(f"The model was trained on {_films(table.trained_on)} of yours; they were left out.")
    if table.is_small:
        said.append("Fewer than 50 films: the intervals are wide, and a point chosen here moves with every film.")
    if outcome is not None and not outcome.lists_training:
        said.append(
            "The model does not list the films it was trained on. If yours are among them, this promises too much."
        )
    return said


def measure_words(measure: Measure | None, digits: int = 2, nothing: str = "not defined") -> str:
    """'0.93 (0.85–0.97)'."""
    if measure is None:
        return nothing
    return f"{measure.value:.{digits}f} ({measure.low:.{digits}f}–{measure.high:.{digits}f})"


def promised(model: ChosenModel, label: str) -> dict[str, Measure | None]:
    """The card's measures; sensitivity and specificity from its counts where it names none."""
    from inference.scoring.operating import OperatingTable

    named: dict[str, Measure | None] = {name: model.card.metrics.get(label, {}).get(name) for name, _ in MEASURES}
    points = model.card.operating[label]
    point = OperatingTable(points).point_at(points.recommended)
    if point.is_counted:
        named["sensitivity"] = named["sensitivity"] or point.sensitivity
        named["specificity"] = named["specificity"] or point.specificity
    return named


def verdict_words(name: str, found: LocalFinding, card: Measure | None) -> str:
    """'worse' or 'better' where the interval leaves the card's value out; 'as promised' where chance may explain it.

    A calibration error is held against what chance gives on so few films: it has no zero to be near to.
    """
    own: Measure | None = getattr(found, name)
    if own is None:
        return ""
    if name == "calibration_error":
        chance = found.calibration_by_chance
        return "" if chance is None else "too large" if own.value > chance else "within chance"
    if card is None:
        return ""
    return "worse" if own.high < card.value else "better" if own.low > card.value else "as promised"


def point_words(found: LocalFinding, threshold: float) -> str:
    """'Finds 88 of 100 (76–95) and calls 31 of 100 healthy films ill (21–43).', on the reader's films."""
    from inference.scoring.operating import OperatingTable

    if found.operating is None:
        return ""
    point = OperatingTable(found.operating).point_at(threshold)
    called = complement(point.specificity)
    return (
        f"Finds {hundred(point.sensitivity.value)} of 100 ({range_words(point.sensitivity)}) and calls "
        f"{hundred(called.value)} of 100 healthy films ill ({range_words(called)})."
    )


def own_point(points: OperatingPoints) -> str:
    """'The point of your films, 0.62'."""
    return f"The point of your films, {point_figure(points.recommended)}"


def wrong_words(film: WrongFilm, name: str) -> str:
    """'Missed · film-07 · 0.12'."""
    what = "Missed" if film.is_ill else "Falsely flagged"
    return f"{what} · {name} · {score_words(film.probability)}"


def _films(count: int) -> str:
    return "1 film" if count == 1 else f"{count:,} films"
