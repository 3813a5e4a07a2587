"""The films that a run does not learn from and is not judged by, each with its reason, for whoever asks later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.atomic import replace_file
from inference.scoring.records import RecordError, from_json, to_json
from training.running.run_dir import RunDir, RunError

if TYPE_CHECKING:
    from training.films.cache import CachedFilms
    from training.films.manifest import Manifest
    from training.films.prepare import Prepared

LEFT_OUT = "left_out.jsonl"  # in the run's folder
SET_ASIDE = "The plan leaves it out: by hand, or as empty, cut short or a copy of another film."
TORN = "Its patient has films in a part that judges; a patient may not stand in two parts."
TAUGHT = "Its patient taught the model that this run starts from, and can’t judge what comes of it."


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A film, or a file that holds none, and why it is left out."""

    path: str
    frame: int
    reason: str


def left_out(prepared: Prepared) -> Iterator[LeftOut]:
    """Every film that is in no part: files that were refused, films that the plan leaves out, what could not be
    decoded, films of patients who stand in a part that judges, and those who taught the starting model.
    """
    yield from refused_files(prepared.manifest)
    for film in prepared.manifest.set_aside:
        yield LeftOut(film.path.as_posix(), film.frame, SET_ASIDE)
    split, films = prepared.split, prepared.manifest.films
    judging = {films[at].patient for part in (split.validation, split.test) for at in part}
    torn = {at: TORN if films[at].patient in judging else TAUGHT for at in split.left_out.tolist()}
    for at in sorted(torn.keys() - prepared.cached.why.keys()):
        yield LeftOut(films[at].path.as_posix(), films[at].frame, torn[at])
    yield from unread_films(prepared.manifest, prepared.cached, prepared.cached.why)


def refused_files(manifest: Manifest) -> Iterator[LeftOut]:
    """The files of a source that hold no film."""
    for path, sentence in manifest.refused:
        yield LeftOut(path.as_posix(), 0, sentence)


def unread_films(manifest: Manifest, cached: CachedFilms, positions: Iterable[int]) -> Iterator[LeftOut]:
    """Films that could not be decoded whole."""
    for at in sorted(positions):
        film = manifest.films[at]
        yield LeftOut(film.path.as_posix(), film.frame, cached.why[at].sentence)


def write_left_out(run: RunDir, films: Sequence[LeftOut]) -> None:
    """Raises RunError where the disk does not take it."""
    # In ASCII: names may hold stray bytes, which are no UTF-8, and signs at which lines would be parted.
    lines = (json.dumps(to_json(film)) + "\n" for film in films)
    try:
        replace_file(run.path / LEFT_OUT, "".join(lines))
    except OSError as error:
        raise RunError("The folder of the run can't be written.", detail=type(error).__name__) from error


def read_left_out(run: Path) -> tuple[LeftOut, ...]:
    """The films that a run left out; none where it did not say, as earlier versions did not."""
    try:
        lines = (run / LEFT_OUT).read_text(encoding="utf-8").splitlines()
        return tuple(from_json(LeftOut, json.loads(line)) for line in lines)
    except (OSError, ValueError, RecordError):
        return ()
