"""`screen`: many films, headless. Decoding, the network and the writing of heat maps overlap; memory stays bounded."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from imaging.errors import FilmError
from imaging.progress import CancelToken
from imaging.read.scan import Refused, scan
from imaging.study import ImageRef
from inference.heat_files import write_heatmaps
from inference.pipeline import Analyser, LoadedFilm
from inference.results import ImageResult
from inference.screen_rows import Lines, Row, Terms, analysed_row, refused_row

In = TypeVar("In")
Out = TypeVar("Out")
# Films that one call of the network takes: a GPU wants many, and results come in their order all the same.
BATCH_CPU, BATCH_GPU = 4, 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """A film, or a file that is none, without a result."""

    ref: ImageRef
    error: FilmError


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """A film with its result."""

    film: LoadedFilm
    result: ImageResult


@dataclass(frozen=True, slots=True, eq=False)
class Screening:
    """One run: the model, what all its lines share, where heat maps go (None: nowhere), and the number of threads."""

    analyser: Analyser
    terms: Terms
    heatmaps: Path | None
    threads: int


def screen(run: Screening, paths: Sequence[Path], lines: Lines, own: Sequence[Path], token: CancelToken) -> None:
    """Analyse every film below `paths` and write its line, in the order of the input.

    Films that `lines` has already and what lies at or below `own` (the run's own output) are left out. Raises
    NegatoscopeError where results can't be written, Cancelled.
    """
    pool = ThreadPoolExecutor(run.threads, thread_name_prefix="screen")
    ahead = 2 * run.threads
    try:
        loaded = ordered_map(pool, lambda film: load_film(run.analyser, film), _films(paths, lines, own, token), ahead)
        outcomes = analysed(run.analyser, loaded)
        for row in ordered_map(pool, lambda outcome: _row(run, outcome), outcomes, ahead):
            token.check()
            lines.write(row)
    finally:
        pool.shutdown(cancel_futures=True)


def ordered_map(pool: ThreadPoolExecutor, work: Callable[[In], Out], items: Iterable[In], ahead: int) -> Iterator[Out]:
    """`work` of every item, in their order, with `ahead` of them at most under way or waiting to be taken."""
    pending: deque[Future[Out]] = deque()
    for item in items:
        pending.append(pool.submit(work, item))
        while pending and (len(pending) >= ahead or pending[0].done()):
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _films(
    paths: Sequence[Path], lines: Lines, own: Sequence[Path], token: CancelToken
) -> Iterator[ImageRef | Refusal]:
    """Every frame of every film, and everything refused, that has no line yet."""
    # By os.path: Path.resolve raises where links form a loop, which is one refused line and not the end of the run.
    outputs = {Path(os.path.realpath(path)) for path in own}
    for item in scan(paths, token):
        path = item.path if isinstance(item, Refused) else item.ref.path
        resolved = Path(os.path.realpath(path))
        if outputs.intersection((resolved, *resolved.parents)):
            continue
        if isinstance(item, Refused):
            refusal = Refusal(ImageRef(item.path), item.error)
            yield from () if lines.passes(refusal.ref) else (refusal,)
            continue
        for frame in range(item.frames):
            ref = ImageRef(path, frame, item.ref.uid)
            yield from () if lines.passes(ref) else (ref,)


def load_film(analyser: Analyser, film: ImageRef | Refusal) -> LoadedFilm | Refusal:
    """A film as the network sees it, or why there is none."""
    if isinstance(film, Refusal):
        return film
    try:
        return analyser.load(film)
    except FilmError as error:
        return Refusal(film, error)


def analysed(analyser: Analyser, films: Iterable[LoadedFilm | Refusal]) -> Iterator[Analysed | Refusal]:
    """Run the network on batches of films; refused ones keep their places between them."""
    size = BATCH_CPU if "-cpu" in analyser.engine.name else BATCH_GPU
    waiting: list[LoadedFilm | Refusal] = []
    for film in films:
        waiting.append(film)
        if len(waiting) == size:
            yield from _run(analyser, waiting)
            waiting = []
    yield from _run(analyser, waiting)


def _run(analyser: Analyser, waiting: Sequence[LoadedFilm | Refusal]) -> Iterator[Analysed | Refusal]:
    films = [film for film in waiting if isinstance(film, LoadedFilm)]
    results = iter(analyser.results(films))
    for film in waiting:
        if isinstance(film, Refusal):
            yield film
            continue
        result = next(results)
        yield Refusal(film.ref, result) if isinstance(result, FilmError) else Analysed(film, result)


def _row(run: Screening, outcome: Analysed | Refusal) -> Row:
    if isinstance(outcome, Refusal):
        return refused_row(outcome.ref, outcome.error, run.terms, run.analyser.engine.name)
    result = outcome.result
    if run.heatmaps is None or not result.findings:
        return analysed_row(result, run.terms, None)
    written = write_heatmaps(run.heatmaps, result.ref, result.heatmaps, outcome.film.full_size_px)
    return analysed_row(result, run.terms, written)
