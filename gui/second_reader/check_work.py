"""What a check of the model on the reader's films does on worker threads. Free of Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.progress import CancelToken, Progress
from imaging.study import ImageRef

if TYPE_CHECKING:
    from inference.bundles.card import ModelCard
    from inference.scoring.local_table import LocalTable
    from inference.scoring.pipeline import Analyser
    from training.films.labelled_set import SetFilm
    from training.judging.evaluate import Judged

THREADS = 2  # that decode while the network runs


@dataclass(frozen=True, slots=True)
class WrongFilm:
    """A film that the card's operating point calls wrongly: an ill one missed, or a healthy one flagged."""

    ref: ImageRef
    label: str
    is_ill: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the check has shown. Which films went wrong is for this session alone: files are named after patients.

    `lists_training`: the bundle knows the films that the model was trained on.
    """

    table: LocalTable
    wrong: tuple[WrongFilm, ...]
    lists_training: bool


def look_for_films(paths: Sequence[Path], card: ModelCard, token: CancelToken, progress: Progress) -> list[SetFilm]:
    """Every labelled film below what was dropped. Raises DataError, Cancelled."""
    from training.films.labelled_set import films_of, read_dropped

    found = []
    for film in films_of(read_dropped(paths, card), None, token):
        found.append(film)
        progress(len(found))
    return found


def judge_films(analyser: Analyser, films: Sequence[SetFilm], token: CancelToken) -> list[Judged]:
    """What the model says of a few of them. Raises Cancelled."""
    from training.judging.evaluate import judge

    return judge(analyser, films, THREADS, token)


def outcome_of(analyser: Analyser, judged: Sequence[Judged]) -> Outcome:
    """Count. Films that the model was trained on are left out where the bundle knows them."""
    from inference.engines.served import scores_sha256
    from inference.scoring.similar import trained_on
    from training.judging.evaluate import local_check, with_twins_joined

    known = trained_on(analyser.bundle)
    today = datetime.now().astimezone().date().isoformat()
    scored_by = scores_sha256(analyser.card, analyser.bundle.weights_sha256, analyser.engine.name)
    table = local_check(analyser.card, scored_by, with_twins_joined(judged), known, today)
    points = {label: finding.operating_point for label, finding in table.findings.items()}
    wrong = [
        WrongFilm(film.ref, label, label in film.findings, film.probabilities[label])
        for film in judged
        if film.state == "scored" and film.ref is not None and film.digest not in known
        for label, point in points.items()
        if (film.probabilities[label] >= point) != (label in film.findings)
    ]
    # Missed films first, the surest mistakes before the others.
    wrong.sort(key=lambda film: (not film.is_ill, film.probability if film.is_ill else -film.probability))
    return Outcome(table, tuple(wrong), bool(known))
