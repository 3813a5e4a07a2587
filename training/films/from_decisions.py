"""Labels from the reader's own decisions: which films of a folder were decided, as a CSV to train with."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imaging.atomic import replace_file
from imaging.paths import user_data_dir
from imaging.progress import CancelToken, Progress, no_progress
from imaging.read.look import Found
from imaging.read.packed.source import film_sha256
from imaging.read.scan import scan
from inference.scoring.decisions import Called, called_films
from training.films.data_error import DataError
from training.films.patients import patient_of

COLUMNS = ("path", "labels", "patient", "source", "decided_at", "model")
SOURCE = "decision"


@dataclass(frozen=True, slots=True)
class DecidedFilm:
    """A film with what its reader called it: `labels` are the findings, or the normal label alone."""

    path: Path
    labels: tuple[str, ...]
    patient: str
    decided_at: str
    model: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The decided films of a folder. Of the decided films, `missing` were not found there; `partly` lack a decision
    on one of the findings, or are one frame of several, and can't teach.
    """

    films: tuple[DecidedFilm, ...]
    missing: int
    partly: int

    @property
    def sentence(self) -> str:
        """What was taken, and what was left."""
        counts = Counter(label for film in self.films for label in film.labels)
        named = ", ".join(f"{count:,} {label}" for label, count in sorted(counts.items()))
        said = f"{len(self.films):,} films have their labels from your decisions: {named}."
        if self.missing:
            said += f" {self.missing:,} decided films do not lie in this folder."
        if self.partly:
            said += f" {self.partly:,} are left out: not every finding was decided, or the file has several frames."
        return said


@dataclass(frozen=True, slots=True)
class DecidedSet:
    """What can be learnt from together: the findings that one model, or several, were decided on for the same films.

    `ill` and `healthy` are films on which every finding was decided; ill where any of them was called so.
    """

    findings: tuple[str, ...]
    models: tuple[str, ...]
    ill: int
    healthy: int

    @property
    def films(self) -> int:
        return self.ill + self.healthy


def decided_sets(session: Path | None = None) -> tuple[DecidedSet, ...]:
    """Every set of findings that a model's readers decided on, the one with most films first. Raises DecisionsError."""
    called = called_films(session)
    models: dict[tuple[str, ...], list[str]] = {}
    for model in sorted({one.model for one in called}):
        models.setdefault(tuple(sorted({one.label for one in called if one.model == model})), []).append(model)
    found = [_set_of(called, findings, tuple(names)) for findings, names in models.items()]
    return tuple(sorted((decided for decided in found if decided.films), key=lambda decided: -decided.films))


def _set_of(called: Sequence[Called], findings: tuple[str, ...], models: tuple[str, ...]) -> DecidedSet:
    said: dict[tuple[str, int], dict[str, bool]] = {}
    for one in called:
        if one.label in findings:
            said.setdefault((one.film_sha256, one.frame), {})[one.label] = one.is_ill
    whole = [any(verdicts.values()) for verdicts in said.values() if len(verdicts) == len(findings)]
    return DecidedSet(findings, models, sum(whole), len(whole) - sum(whole))


def decided_films(
    folder: Path | Sequence[Path],
    *,
    findings: Sequence[str] = (),
    normal_label: str = "NORMAL",
    session: Path | None = None,
    token: CancelToken | None = None,
    progress: Progress = no_progress,
) -> Decided:
    """The films below a folder, or several, whose reader decided on every one of `findings` (none named: on all that
    were ever decided). They are known by their bytes, wherever they lie now. Raises DataError, DecisionsError,
    Cancelled.
    """
    called = called_films(session)
    wanted = tuple(findings) or tuple(sorted({item.label for item in called}))
    by_film: dict[str, list[Called]] = {}
    for one in called:
        if one.label in wanted:
            by_film.setdefault(one.film_sha256, []).append(one)
    films: list[DecidedFilm] = []
    found, partly = set(), 0
    folders = [folder] if isinstance(folder, Path) else folder
    for item, digest in _digests(folders, token or CancelToken(), progress):
        if digest in by_film and digest not in found:
            found.add(digest)
            whole = item.frames == 1 and {one.label for one in by_film[digest]} == set(wanted)
            partly += not whole
            if whole:
                films.append(_film(item, by_film[digest], normal_label))
    if not films:
        raise DataError("No film in this folder has a decision of yours that it could teach.")
    return Decided(tuple(films), len(by_film.keys() - found), partly)


def new_list() -> Path:
    """Where the next list of decided films goes: each stays as it was when it was learnt from. Raises DataError."""
    try:
        folder = user_data_dir() / "decisions"
    except OSError as error:
        raise DataError("The list of decided films can't be written.", detail=type(error).__name__) from error
    stem = f"decisions {time.strftime('%Y-%m-%d')}"
    names = (stem if number == 1 else f"{stem} {number}" for number in itertools.count(1))
    return next(folder / f"{name}.csv" for name in names if not (folder / f"{name}.csv").exists())


def write_decided(decided: Decided, out: Path) -> None:
    """The films as a CSV that `read_manifest` takes; `source` says whence the labels are. Raises DataError."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for film in decided.films:
        labels = "|".join(film.labels)
        writer.writerow([film.path.as_posix(), labels, film.patient, SOURCE, film.decided_at, film.model])
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, text.getvalue())
    except OSError as error:
        raise DataError("The list of decided films can't be written.", detail=type(error).__name__) from error


def provenance_of(source: Path) -> str:
    """Whence the labels of a list that `write_decided` wrote are, in a sentence; '' for any other source of films."""
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            if tuple(head.rstrip("\r\n").split(",")) != COLUMNS:
                return ""
            rows = [row for row in csv.reader(stream) if len(row) == len(COLUMNS) and row[3] == SOURCE]
    except (OSError, UnicodeDecodeError, csv.Error):
        return ""
    if not rows:
        return ""
    days = sorted(row[4][:10] for row in rows)
    when = f"on {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"
    models = " and ".join(sorted({row[5] for row in rows}))
    return f"Labels are a reader’s decisions in the viewer, {when}, with the scores of {models} in view."


def _digests(folders: Sequence[Path], token: CancelToken, progress: Progress) -> Iterator[tuple[Found, str]]:
    seen = 0
    for item in scan(folders, token):
        if isinstance(item, Found):
            try:
                digest = film_sha256(item.ref.path)
            except OSError:
                continue
            seen += 1
            progress(seen)
            yield item, digest


def _film(item: Found, called: Sequence[Called], normal_label: str) -> DecidedFilm:
    path, header = item.ref.path, item.header
    last = max(called, key=lambda one: one.decided_at)
    return DecidedFilm(
        path=path.resolve(),
        labels=tuple(one.label for one in called if one.is_ill) or (normal_label,),
        patient=(header.patient_id if header else "") or patient_of(path.name),
        decided_at=last.decided_at,
        model=last.model,
    )
