"""`screen`: many films, headless. Decoding, the network and the writing of heat maps overlap; memory stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from imaging.ahead import ordered_map
from imaging.errors import FilmError
from imaging.progress import CancelToken
from imaging.read.look import Found, Refused
from imaging.read.scan import everything, scan
from imaging.study import ImageRef
from inference.engines.engine import Engine, is_concurrent, is_on_cpu, wanted_batch
from inference.maps.heat_files import write_heatmaps
from inference.scoring.pipeline import Analyser, LoadedFilm
from inference.scoring.results import ImageResult
from inference.screening.screen_lines import Lines
from inference.screening.screen_rows import Row, Terms, analysed_row, refused_row

LANES_GPU = 3


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
    """One run: the model, what all its lines share, where heat maps go (None: nowhere), and the number of cores.

    `wanted` says of each file whether it is looked at: False for what another process takes, None for the run's own
    output, which is no input.
    """

    analyser: Analyser
    terms: Terms
    heatmaps: Path | None
    threads: int
    wanted: Callable[[Path], bool | None] = everything


def screen(run: Screening, paths: Sequence[Path], lines: Lines, token: CancelToken) -> None:
    """Analyse every film below `paths` that the run wants and `lines` does not have yet, and write its line, in the
    order of the input. Raises NegatoscopeError where results can't be written, Cancelled.

    On a CPU the same threads decode films, run the network and write heat maps, each what is next. They are one more
    than the cores, as now and then one waits for a decoding child; more would push each other out of the caches. What
    waits for a GPU has threads of its own.
    """
    pool = ThreadPoolExecutor(run.threads + 1, thread_name_prefix="screen")
    lanes = (
        pool if is_on_cpu(run.analyser.engine) else ThreadPoolExecutor(LANES_GPU, thread_name_prefix="screen-network")
    )
    ahead = 2 * run.threads
    places: deque[int] = deque()  # of the films under way
    films = _films(scan(paths, token, run.wanted), lines, places)
    try:
        loaded = ordered_map(pool, lambda film: load_film(run.analyser, film), films, ahead)
        outcomes = analysed(run.analyser, loaded, Lanes(lanes, run.threads))
        row_of = partial(_row, run)
        rows = map(row_of, outcomes) if run.heatmaps is None else ordered_map(pool, row_of, outcomes, ahead)
        for row in rows:
            token.check()
            lines.write(row, places.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        lanes.shutdown(cancel_futures=True)
        pool.shutdown()


@dataclass(frozen=True, slots=True)
class Lanes:
    """The threads in which the network runs; `most` is the number of cores."""

    pool: ThreadPoolExecutor
    most: int

    def ahead(self, engine: Engine) -> int:
        """How many batches are under way, one more than are run: it is ready when a thread is free.

        On a CPU that is one for each core, where the engine bears that. A GPU takes them in turn; meanwhile the next
        batch is made ready and the last one is read. Asked anew for each batch: an engine may leave its GPU.
        """
        if not is_concurrent(engine):
            return 1
        return 1 + (self.most if is_on_cpu(engine) else LANES_GPU)


def _films(found: Iterable[Found | Refused], lines: Lines, places: deque[int]) -> Iterator[ImageRef | Refusal]:
    """Every frame of every film, and everything refused, that has no line yet; `places` takes the place of each."""
    for item in found:
        if isinstance(item, Refused):
            refs: Iterable[ImageRef] = (ImageRef(item.path),)
        else:
            refs = (ImageRef(item.path, frame, item.ref.uid) for frame in range(item.frames))
        for ref in refs:
            if not lines.passes(ref):
                places.append(item.place)
                yield Refusal(ref, item.error) if isinstance(item, Refused) else ref


def load_film(analyser: Analyser, film: ImageRef | Refusal) -> LoadedFilm | Refusal:
    """A film as the network sees it, or why there is none."""
    if isinstance(film, Refusal):
        return film
    try:
        return analyser.load(film)
    except FilmError as error:
        return Refusal(film, error)


def analysed(
    analyser: Analyser, films: Iterable[LoadedFilm | Refusal], lanes: Lanes | None = None
) -> Iterator[Analysed | Refusal]:
    """Run the network on batches of films, in `lanes` (None: in the caller's thread), in the films' order; refused
    ones keep their places between them.
    """
    batches = _batches(films, analyser.engine)
    if lanes is None:
        outcomes: Iterable[list[Analysed | Refusal]] = (_run(analyser, batch) for batch in batches)
    else:
        outcomes = ordered_map(lanes.pool, partial(_run, analyser), batches, lambda: lanes.ahead(analyser.engine))
    for batch in outcomes:
        yield from batch


def _batches(films: Iterable[LoadedFilm | Refusal], engine: Engine) -> Iterator[list[LoadedFilm | Refusal]]:
    """Batches of as many films as the engine wants at the time."""
    waiting: list[LoadedFilm | Refusal] = []
    for film in films:
        waiting.append(film)
        if len(waiting) >= wanted_batch(engine):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _run(analyser: Analyser, waiting: Sequence[LoadedFilm | Refusal]) -> list[Analysed | Refusal]:
    results = iter(analyser.results([film for film in waiting if isinstance(film, LoadedFilm)]))
    return [film if isinstance(film, Refusal) else _outcome(film, next(results)) for film in waiting]


def _outcome(film: LoadedFilm, result: ImageResult | FilmError) -> Analysed | Refusal:
    return Refusal(film.ref, result) if isinstance(result, FilmError) else Analysed(film, result)


def _row(run: Screening, outcome: Analysed | Refusal) -> Row:
    if isinstance(outcome, Refusal):
        return refused_row(outcome.ref, outcome.error, run.terms, run.analyser.engine.name)
    result = outcome.result
    if run.heatmaps is None or not result.findings:
        return analysed_row(result, run.terms, None)
    written = write_heatmaps(run.heatmaps, result.ref, result.heatmaps, outcome.film.full_size_px)
    return analysed_row(result, run.terms, written)
