"""The process of a run: from its folder to a sealed bundle. It outlives the window and goes on where it was killed."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from imaging.progress import Cancelled
from inference.bundles.bundle import ModelBundle, import_bundle
from inference.bundles.card import StartRecord
from inference.bundles.models_dir import find
from inference.engines.torch_engine import lacks_memory
from inference.networks.network import FilmNetwork, build_network
from inference.scoring.records import to_json
from training.checks.checks import checks
from training.checks.inspection import Inspection, Level
from training.choose import fits_head
from training.films.left_out import left_out, write_left_out
from training.films.prepare import Prepared, prepare
from training.films.reading import MOST_TO_SEAL
from training.judging.result import write_result
from training.learn.also_kept import AlsoWatcher, also_kept
from training.learn.checkpoint import STATE
from training.learn.distributed import Peers, PeersError, joined_peers
from training.learn.loop import Loop, best_network, computing_threads, new_learner
from training.learn.quick import HeadWork, learn_head
from training.learn.watched import films_to_watch
from training.plan import TrainingPlan, without_places
from training.running.events import Changed, Checked, Failed, Finished, Started, Stopped, Watching
from training.running.folder_watcher import FolderWatcher
from training.running.run_dir import BEAT_SECONDS, RunDir, RunError, lock_file
from training.sealing.seal import Words, seal
from training.sealing.words import WordsFor, described, next_version, words_of
from training.weights.start_weights import Downloaded, FromBundle, Imported, Scratch, StartChoice, start
from training.weights.weights_limits import WeightsError

SEALING = "sealing"  # in the user's data folder: a file for each name of which a model is being written
KEPT = "model"  # in the run's folder: a bundle that may not take the place of an earlier version


def train(
    run: RunDir, models_dir: Path, *, download: bool = False, words_for: WordsFor = words_of
) -> ModelBundle | None:
    """Carry a run's plan out, from where its folder stands; the folder tells how it goes, and why it ended.

    `download`: the user agreed to fetch published starting weights; `words_for` writes the card's words. Of several
    processes (`distributed`) the first one owns the folder and returns the bundle, the others None. Raises
    NegatoscopeError, Cancelled.
    """
    with joined_peers() as peers:
        watcher = FolderWatcher(run, peers)
        is_first = peers.is_first
        with (
            _owned(run) if is_first else nullcontext(),
            _telling_the_end(watcher),
            _beating(run) if is_first else nullcontext(),
        ):
            return _train(run, models_dir, watcher, words_for, download=download)


@contextmanager
def _telling_the_end(watcher: FolderWatcher) -> Iterator[None]:
    """Whatever ends the run early is told in its folder. This is the job's boundary: who watches has nothing else."""
    try:
        yield
    except (Cancelled, KeyboardInterrupt):
        watcher.tell_last(Stopped(time.time(), watcher.step))
        raise
    except NegatoscopeError as error:
        if isinstance(error, PeersError) and watcher.run.wish() == "cancel":
            watcher.tell_last(Stopped(time.time(), watcher.step))
            raise Cancelled from error  # the process that heard of it first has gone already
        watcher.tell_last(Failed(time.time(), watcher.step, error.message))
        raise
    except Exception as error:
        failed = _what_the_machine_lacks(error)
        if failed is not None:
            watcher.tell_last(Failed(time.time(), watcher.step, failed.message))
            raise failed from error
        why = f"The program itself went wrong ({type(error).__name__}); its log says where."
        watcher.tell_last(Failed(time.time(), watcher.step, why))
        raise


def _what_the_machine_lacks(error: Exception) -> RunError | None:
    """The bundle, and what is passed on between libraries, go through files and memory that nobody asked before."""
    if lacks_memory(error):
        return RunError("There is not enough memory for this run; what was learnt is kept.", detail=str(error))
    if not isinstance(error, OSError):
        return None
    return RunError(
        "A file could not be read or written: the disk may be full; what was learnt is kept.", detail=str(error)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """A run that is ready to learn: its films, the network as it begins, and what will be said of the model."""

    run: RunDir
    prepared: Prepared
    network: FilmNetwork
    words: Words

    @property
    def plan(self) -> TrainingPlan:
        return self.prepared.plan


def _train(
    run: RunDir, models_dir: Path, watcher: FolderWatcher, words_for: WordsFor, *, download: bool
) -> ModelBundle | None:
    lesson = _ready(run, models_dir, watcher, words_for, download=download)
    network = _learnt(lesson, watcher)
    if network is None:  # another process goes on from here
        return None
    watcher.peers = Peers()
    return _sealed(lesson, network, models_dir, watcher)


def _ready(run: RunDir, models_dir: Path, watcher: FolderWatcher, words_for: WordsFor, *, download: bool) -> _Lesson:
    """Everything up to the first step, the same in all processes."""
    peers = watcher.peers
    if peers.is_first:
        run.keep_room()
    peers.first_says("")  # the others begin once the folder is owned
    plan = run.plan()
    peers.check_same("plan", plan)
    torch.set_num_threads(computing_threads(plan, peers.device(), peers))
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    with peers.in_turn():
        prepared = prepare(plan, watcher.token, watcher.say)
        torch.manual_seed(plan.seed)  # for the head, which starts at random
        network, start = _started(plan, prepared, watcher, download=download)
    peers.check_same("films", (prepared.manifest.labels, prepared.seen()))
    if peers.is_first:
        run.keep_to_films(prepared.fingerprint, is_begun=(run.checkpoint / STATE).exists())
    watcher.check()
    if peers.is_first:
        _check_films(prepared, watcher)
        write_left_out(run, tuple(left_out(prepared)))
    return _Lesson(run, prepared, network, words_for(prepared, start, models_dir))


def _learnt(lesson: _Lesson, watcher: FolderWatcher) -> FilmNetwork | None:
    """The network with the weights that are kept; None in every process but the first."""
    plan, prepared, peers = lesson.plan, lesson.prepared, watcher.peers
    training, validation = prepared.material(prepared.split.train), prepared.material(prepared.split.validation)
    watcher.tell(_begins(prepared, peers))
    watched = films_to_watch(validation)
    watcher.tell(Watching(time.time(), prepared.told_of(watched.positions)))
    if plan.network.mode == "quick":
        if not peers.is_first:  # there is nothing to share: each film is looked at once
            return None
        watcher.peers = Peers()
        patients = prepared.patients(prepared.split.train)
        learn_head(lesson.network, HeadWork(plan, lesson.words, training, patients, watcher, watched))
        return lesson.network
    learner = new_learner(lesson.network, plan, peers.device())
    watching = also_kept(lesson.run, watcher, learner) if peers.is_first else watcher
    Loop(plan, learner, training, validation, lesson.run.checkpoint, watching, peers).run()
    if not peers.is_first:
        return None
    if isinstance(watching, AlsoWatcher):
        watching.hand_over(lesson.run.path.name)
    return best_network(plan, prepared.outputs, lesson.run.checkpoint)


def _begins(prepared: Prepared, peers: Peers) -> Started:
    split = prepared.split
    return Started(
        time=time.time(),
        epochs=prepared.plan.learning.epochs,
        training=len(split.train),
        validation=len(split.validation),
        left_out=sum(1 for _ in left_out(prepared)),
        threads=prepared.plan.threads,
        device=peers.device().type,
    )


def _sealed(lesson: _Lesson, network: FilmNetwork, models_dir: Path, watcher: FolderWatcher) -> ModelBundle:
    """Judge the network, write its bundle, and put it where it may stand."""
    with _naming(lesson.words.name, watcher):
        version = next_version(lesson.words.name, models_dir)  # another run may have ended since this one began
        words = dataclasses.replace(lesson.words, version=version)
        return _written(lesson, words, network, models_dir, watcher)


@contextmanager
def _naming(name: str, watcher: FolderWatcher) -> Iterator[None]:
    """One run at a time writes a model of a name: two would take the same version, and one the other's place. Raises
    OSError, Cancelled.
    """
    place = user_data_dir() / SEALING / name
    place.parent.mkdir(exist_ok=True)
    with place.open("a+b") as stream:
        if not lock_file(stream.fileno()):
            watcher.say("Waiting for another run to write its model of this name")
            while not lock_file(stream.fileno()):
                watcher.check()
                time.sleep(0.2)
        yield


def _written(
    lesson: _Lesson, words: Words, network: FilmNetwork, models_dir: Path, watcher: FolderWatcher
) -> ModelBundle:
    watcher.say("Judging the model and writing the bundle")
    run, plan, prepared = lesson.run, lesson.plan, lesson.prepared
    old = find(plan.network.start.bundle) if plan.network.start.kind == "bundle" else None
    replaces = old is not None and old.card.name == words.name
    bundle = seal(
        network,
        prepared.film_set(prepared.split.train, "training films", MOST_TO_SEAL),
        prepared.film_set(prepared.split.validation, described(prepared)),
        words,
        preprocess=plan.preprocess,
        recipe={"plan": to_json(without_places(plan))},
        models_dir=run.path / KEPT if replaces else models_dir,
        bear_shifts=plan.choice.bear_shifts,
    )
    found, worse = write_result(run.path, bundle, prepared, old)
    if replaces:
        bundle = _take_place(bundle, models_dir, worse, watcher)
    watcher.tell(Finished(time.time(), watcher.step, str(bundle.location), found))
    return bundle


def _take_place(bundle: ModelBundle, models_dir: Path, worse: str, watcher: FolderWatcher) -> ModelBundle:
    """Install a new version of the model that the run went on from, unless something speaks against it."""
    if worse:
        why = f"{bundle.id} is kept in the run's folder and not installed. {worse}"
        watcher.tell(Changed(time.time(), watcher.step, why))
        return bundle
    return import_bundle(bundle.location, models_dir)


def _check_films(prepared: Prepared, watcher: FolderWatcher) -> None:
    """Tell what is wrong with the films. A run goes on all the same: the split keeps patients and copies apart."""
    for check in checks(Inspection(prepared.plan, prepared.manifest, prepared.cached)):
        if check.level != Level.GREEN:
            level: Literal["red", "amber"] = "red" if check.level is Level.RED else "amber"
            watcher.tell(Checked(time.time(), level, check.name, check.sentence))


def _started(
    plan: TrainingPlan, prepared: Prepared, watcher: FolderWatcher, *, download: bool
) -> tuple[FilmNetwork, StartRecord]:
    """The network that the plan begins with. Raises NegatoscopeError, Cancelled."""
    choice = choice_of(plan, download=download)
    if isinstance(choice, FromBundle) and choice.with_head:
        _check_labels(choice.bundle, prepared)
    network = build_network(plan.network.backbone, prepared.outputs, plan.preprocess, plan.network.head, auxiliary=True)

    def fetched(done: int, total: int | None = None) -> None:
        watcher.say(f"Fetching the starting weights: {done >> 20} MB of {(total or 0) >> 20} MB")

    record = start(network, choice, token=watcher.token, progress=fetched)
    return network, record


def _check_labels(bundle: ModelBundle, prepared: Prepared) -> None:
    """Raise WeightsError where the outputs of a bundle's head mean something else than the plan's."""
    if not fits_head(bundle.card, prepared.plan, prepared.manifest):
        raise WeightsError(
            f"The model {bundle.id} tells other labels apart, or has another head; start from its backbone alone."
        )


def choice_of(plan: TrainingPlan, *, download: bool) -> StartChoice:
    """Where a plan's network gets its weights. Raises BundleError where the named bundle is not installed."""
    chosen = plan.network.start
    match chosen.kind:
        case "scratch":
            return Scratch()
        case "imported":
            return Imported(tuple(Path(name) for name in chosen.files))
        case "downloaded":
            return Downloaded(consent=download)
        case "bundle":
            return FromBundle(find(chosen.bundle), chosen.with_head)


@contextmanager
def _owned(run: RunDir) -> Iterator[None]:
    with run.locked():
        try:
            yield
        finally:
            run.give_room()


@contextmanager
def _beating(run: RunDir) -> Iterator[None]:
    """A thread of its own: a step may take longer than a watcher's patience."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            run.beat()

    run.beat()
    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
