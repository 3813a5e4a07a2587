"""The process of a run: from its folder to a sealed bundle. It outlives the window and goes on where it was killed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from imaging.errors import NegatoscopeError
from imaging.progress import Cancelled, CancelToken
from inference.bundle import ModelBundle, import_bundle
from inference.card import StartRecord
from inference.models_dir import find
from inference.network import FilmNetwork, build_network
from inference.records import to_json
from training.also_kept import AlsoWatcher, also_kept
from training.checkpoint import BEST, STATE, load_tensors
from training.checks import Inspection, Level, checks
from training.distributed import Peers, PeersError, joined_peers
from training.events import Changed, Checked, Failed, Finished, RunEvent, Started, Stopped, Told
from training.loop import Loop, new_learner
from training.plan import TrainingPlan
from training.prepare import MOST_TO_SEAL, Prepared, prepare
from training.quick import HeadWork, learn_head
from training.result import write_result
from training.run_dir import BEAT_SECONDS, RunDir, RunError
from training.seal import seal
from training.start_weights import Downloaded, FromBundle, Imported, Scratch, StartChoice, start
from training.weights_limits import WeightsError
from training.words import DESCRIBED, words_of

KEPT = "model"  # in the run's folder: a bundle that may not take the place of an earlier version
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class FolderWatcher:
    """Tells the run's folder what happens, and asks it what is wanted. Of several processes the first one does, and
    the others hear from it between two steps.
    """

    run: RunDir
    peers: Peers = field(default_factory=Peers)
    token: CancelToken = field(default_factory=CancelToken)
    step: int = 0
    heard: str = ""

    def tell(self, event: RunEvent) -> None:
        self.step = getattr(event, "step", self.step)
        if self.peers.is_first:
            self.run.append(event)

    def say(self, words: str) -> None:
        """What has no steps is cancelled here: whoever works next asks the token."""
        if self.run.wish() == "cancel":
            self.token.cancel()
        self.tell(Told(time.time(), words))

    def check(self) -> None:
        """Rest while the run is paused. Raises Cancelled."""
        while self.peers.is_first and self.run.is_paused and self.run.wish() == "":
            self.token.check()
            time.sleep(0.2)
        self.heard = self.peers.first_says(self.run.wish() if self.peers.is_first else "")
        if self.heard == "cancel":
            self.token.cancel()
        self.token.check()

    def keeps_best(self) -> bool:
        return (self.run.wish() if self.peers.world == 1 else self.heard) == "keep"


def train(run: RunDir, models_dir: Path, *, download: bool = False) -> ModelBundle | None:
    """Carry a run's plan out, from where its folder stands; the folder tells how it goes, and why it ended.

    `download`: the user agreed to fetch published starting weights. Of several processes (`distributed`) the first one
    owns the folder and returns the bundle, the others None. Raises NegatoscopeError, Cancelled.
    """
    with joined_peers() as peers:
        watcher = FolderWatcher(run, peers)
        with _owned(run) if peers.is_first else nullcontext():
            try:
                return _train(run, models_dir, watcher, download=download)
            except Cancelled:
                watcher.tell(Stopped(time.time(), watcher.step))
                raise
            except NegatoscopeError as error:
                if isinstance(error, PeersError) and run.wish() == "cancel":
                    watcher.tell(Stopped(time.time(), watcher.step))
                    raise Cancelled from error  # the process that heard of it first has gone already
                watcher.tell(Failed(time.time(), watcher.step, error.message))
                raise
            except (OSError, MemoryError) as error:
                failed = _what_the_machine_lacks(error)
                watcher.tell(Failed(time.time(), watcher.step, failed.message))
                raise failed from error


def _what_the_machine_lacks(error: OSError | MemoryError) -> RunError:
    """The bundle, and what is passed on between libraries, go through files and memory that nobody asked before."""
    if isinstance(error, MemoryError):
        return RunError("There is not enough memory for this run; what was learnt is kept.", detail=str(error))
    return RunError(
        "A file could not be read or written: the disk may be full; what was learnt is kept.", detail=str(error)
    )


def _train(run: RunDir, models_dir: Path, watcher: FolderWatcher, *, download: bool) -> ModelBundle | None:
    peers = watcher.peers
    peers.first_says("")  # the others begin once the folder is owned
    plan = run.plan()
    peers.check_same("plan", plan)
    torch.set_num_threads(max(1, plan.threads // peers.rank.local_world))
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
    training, validation = prepared.material(prepared.split.train), prepared.material(prepared.split.validation)
    words = words_of(prepared, start, models_dir)
    watcher.tell(
        Started(
            time=time.time(),
            epochs=plan.learning.epochs,
            training=len(training),
            validation=len(validation),
            left_out=len(prepared.split.left_out) + len(prepared.cached.why) + len(prepared.manifest.refused),
            threads=plan.threads,
            device=peers.device().type,
        )
    )
    if plan.network.mode == "quick":
        if not peers.is_first:  # there is nothing to share: each film is looked at once
            return None
        watcher.peers = Peers()
        patients = prepared.patients(prepared.split.train)
        learn_head(network, HeadWork(plan, words, training, patients, watcher))
    else:
        learner = new_learner(network, plan, peers.device())
        watching = also_kept(run, watcher, learner) if peers.is_first else watcher
        Loop(plan, learner, training, validation, run.checkpoint, watching, peers).run()
        if not peers.is_first:
            return None
        watcher.peers = Peers()
        if isinstance(watching, AlsoWatcher):
            watching.hand_over(run.path.name)
        network = _best(plan, prepared, run)
    watcher.say("Judging the model and writing the bundle")
    old = find(plan.network.start.bundle) if plan.network.start.kind == "bundle" else None
    replaces = old is not None and old.card.name == words.name
    bundle = seal(
        network,
        prepared.film_set(prepared.split.train, "training films", MOST_TO_SEAL),
        prepared.film_set(prepared.split.validation, DESCRIBED),
        words,
        preprocess=plan.preprocess,
        recipe={"plan": to_json(plan)},
        models_dir=run.path / KEPT if replaces else models_dir,
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
    card, manifest = bundle.card, prepared.manifest
    told = (card.labels, card.normal_label, card.activation, card.head)
    if told != (manifest.labels, manifest.normal_label, prepared.activation, prepared.plan.network.head):
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


def _best(plan: TrainingPlan, prepared: Prepared, run: RunDir) -> FilmNetwork:
    """The network with the weights of the epoch that was kept."""
    tensors, _ = load_tensors(run.checkpoint / BEST)
    network = build_network(plan.network.backbone, prepared.outputs, plan.preprocess, plan.network.head)
    network.load_state_dict(tensors)
    return network.eval()


@contextmanager
def _owned(run: RunDir) -> Iterator[None]:
    with run.locked(), _beating(run):
        yield


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
