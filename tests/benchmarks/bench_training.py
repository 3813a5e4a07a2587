"""The training loop against the bare step on films in memory, and quick training against the bare pass over its films.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_training [loop|batches|quick] [--data DIR] [--films N]
       [--backbone NAME] [--threads N] [--steps N] [--rounds N] [--frozen SHARE]

`loop`: films a second of `learn.loop` (films of a cache on disk, augmented, the average of the weights kept) and of
forward, loss, backward and optimiser step of the same network on random tensors that are there already; in turns.
`batches`: films a second that are read, changed and handed over with no network behind, by one thread and by several.
`quick`: N films in the cache already; the features alone through ONNX Runtime, then all of `learn_head`, in turns.
Both as ratios in wall and CPU time, and the most memory that the process held.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from imaging.progress import CancelToken
from inference.bundles.bundle import write_bundle
from inference.bundles.card import StartRecord
from inference.engines.device import choose_engine
from inference.networks.network import FilmNetwork, build_network
from inference.scoring.preprocess import to_input
from training.films.prepare import Prepared, prepare
from training.learn.batches import Material, prepared
from training.learn.learning import training_mode
from training.learn.loop import Loop, new_learner
from training.learn.losses import loss_of
from training.learn.quick import _BATCH, HeadWork, learn_head
from training.plan import DataPlan, TrainingPlan
from training.recipes import plan_of, recipe_of, with_backbone
from training.running.events import RunEvent, Saved, Step
from training.sealing.seal import draft_card
from training.sealing.words import words_of

DATA = Path(__file__).parents[3] / "shared" / "data" / "kermany224" / "train"


@dataclass
class Clock:
    """Hears a run, and notes the time between two of its events."""

    begins: type[RunEvent] = Saved
    ends: type[RunEvent] = Step
    spans: list[tuple[float, float]] = field(default_factory=list)

    def tell(self, event: RunEvent) -> None:
        if isinstance(event, self.begins) and not self.spans:
            self.spans.append(now())
        if isinstance(event, self.ends):
            self.spans[1:] = [now()]

    def check(self) -> None:
        pass

    def keeps_best(self) -> bool:
        return False

    @property
    def seconds(self) -> tuple[float, float]:
        (wall, cpu), (later, cpu_later) = self.spans
        return later - wall, cpu_later - cpu


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = now()
    work()
    later, cpu_later = now()
    return later - wall, cpu_later - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("loop", "batches", "quick", "all"), default="all")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--films", type=int, default=600)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frozen", type=float, default=0.0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.what in ("loop", "all"):
        bench_loop(options)
    if options.what in ("batches", "all"):
        bench_batches(options)
    if options.what in ("quick", "all"):
        bench_quick(options)


def bench_loop(options: argparse.Namespace) -> None:
    plan = with_backbone(plan_of(recipe_of("standard"), "bench", DataPlan("nowhere")), options.backbone)
    batch = plan.learning.batch
    plan = dataclasses.replace(
        plan,
        network=dataclasses.replace(plan.network, frozen_share=options.frozen),
        learning=dataclasses.replace(plan.learning, epochs=1),
        threads=options.threads,
    )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(
        f"{options.backbone}, {plan.preprocess.size_px} px, batch {batch}, frozen {options.frozen:g}, {device}, "
        f"{options.threads} thread(s); {options.rounds} rounds of {options.steps} steps in turns"
    )
    before = peak()
    rates: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        material = films_on_disk(Path(folder) / "films.npy", options.steps * batch, plan.preprocess.size_px)
        warm = dataclasses.replace(material, positions=material.positions[:batch], targets=material.targets[:batch])
        loop_seconds(plan, warm, device, Path(folder) / "warm")  # the first step of a process sets memory up
        bare_seconds(plan, 1, device)
        for number in range(options.rounds):
            ours = loop_seconds(plan, material, device, Path(folder) / str(number))
            bare = bare_seconds(plan, options.steps, device)
            rates.append((bare[0] / ours[0], bare[1] / ours[1]))
            films = options.steps * batch
            print(f"  loop {films / ours[0]:7.1f} films a second, bare {films / bare[0]:7.1f}", end="")
            print(f"; ratio {rates[-1][0]:.3f} wall, {rates[-1][1]:.3f} CPU", flush=True)
    wall, cpu = np.median(rates, axis=0)
    print(f"median: {wall:.3f} of the bare step's films a second, {cpu:.3f} by CPU time (aim 0.9)")
    print(f"memory at most {peak():.0f} MB, {before:.0f} MB of it before the first step")


def bench_batches(options: argparse.Namespace) -> None:
    """What a GPU would be fed with: torch takes one core for an operation, and so many steps are prepared at once."""
    plan = plan_of(recipe_of("standard"), "bench", DataPlan("nowhere"))
    torch.set_num_threads(1)
    films = options.steps * plan.learning.batch
    print(f"batches of {plan.learning.batch}, {plan.preprocess.size_px} px, {options.steps} steps in turns")
    with tempfile.TemporaryDirectory() as folder:
        material = films_on_disk(Path(folder) / "films.npy", films, plan.preprocess.size_px)
        for threads in (1, 2, 4) * options.rounds:

            def work(threads: int = threads) -> None:
                with contextlib.closing(prepared(material, plan, range(options.steps), None, threads)) as batches:
                    for _ in batches:
                        pass

            wall, cpu = timed(work)
            print(f"  {threads} thread(s): {films / wall:6.0f} films a second, {films / cpu:6.0f} a second of CPU time")
    torch.set_num_threads(options.threads)


def films_on_disk(path: Path, count: int, size_px: int) -> Material:
    """Films of noise as the cache keeps them."""
    stored = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, size_px, size_px))
    stored[:] = np.random.default_rng(1).integers(0, 256, stored.shape, np.uint8)
    stored.flush()
    films = np.load(path, mmap_mode="r")
    return Material(films, np.arange(count), (np.arange(count) % 2)[:, None].astype(np.float32))


def loop_seconds(plan: TrainingPlan, material: Material, device: torch.device, folder: Path) -> tuple[float, float]:
    """From the first batch asked for to the last step done."""
    clock = Clock()
    few = Material(material.films, material.positions[:2], material.targets[:2])
    Loop(plan, new_learner(network_of(plan), plan, device), material, few, folder, clock).run()
    return clock.seconds


def bare_seconds(plan: TrainingPlan, steps: int, device: torch.device) -> tuple[float, float]:
    """The same network and optimiser on one batch of random numbers, again and again."""
    learner = new_learner(network_of(plan), plan, device)
    size = plan.preprocess.size_px
    films = torch.rand(plan.learning.batch, 1, size, size, device=device)
    wanted = torch.rand(plan.learning.batch, 1, device=device).round()
    weights = torch.ones(1, device=device)

    def work() -> None:
        training_mode(learner.network, keep_norm=plan.network.keep_norm)
        for _ in range(steps):
            learner.optimiser.zero_grad(set_to_none=True)
            logits, _ = learner.network.training_logits(films)
            torch.autograd.backward(loss_of(logits, wanted, weights, plan.learning, is_softmax=False))
            learner.optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return timed(work)


def network_of(plan: TrainingPlan) -> FilmNetwork:
    torch.manual_seed(1)
    return build_network(plan.network.backbone, 1, plan.preprocess, plan.network.head)


def bench_quick(options: argparse.Namespace) -> None:
    plan = plan_of(recipe_of("quick"), "bench", DataPlan(str(options.data), validation_share=0.15))
    plan = with_backbone(dataclasses.replace(plan, threads=options.threads), options.backbone)
    with tempfile.TemporaryDirectory() as folder:
        source = some_films(options.data, options.films, Path(folder) / "films")
        plan = dataclasses.replace(plan, data=dataclasses.replace(plan.data, source=str(source)))
        ready = prepare(plan, CancelToken(), lambda words: None, Path(folder) / "cache")
        training = ready.material(ready.split.train)
        print(f"quick: {len(training)} films of {options.data.name}, {options.backbone}, {options.threads} thread(s)")
        rates = []
        for _ in range(options.rounds):
            bare, whole = bare_pass(plan, ready, training), quick(plan, ready, training)
            rates.append((whole[0] / bare[0], whole[1] / bare[1]))
            print(f"  bare pass {bare[0]:.1f} s, quick {whole[0]:.1f} s", end="")
            print(f"; ratio {rates[-1][0]:.2f} wall, {rates[-1][1]:.2f} CPU", flush=True)
    wall, cpu = np.median(rates, axis=0)
    print(f"median: {wall:.2f} times the bare pass, {cpu:.2f} by CPU time (aim 1.3); memory at most {peak():.0f} MB")


def some_films(data: Path, count: int, folder: Path) -> Path:
    """Links to films of each class in the proportion that they have, spread evenly over the folder."""
    classes = {label: sorted(label.iterdir()) for label in sorted(data.iterdir()) if label.is_dir()}
    total = sum(len(films) for films in classes.values())
    for label, films in classes.items():
        (folder / label.name).mkdir(parents=True)
        chosen = np.linspace(0, len(films) - 1, max(2, round(count * len(films) / total))).astype(int)
        for film in {films[at] for at in chosen}:
            (folder / label.name / film.name).symlink_to(film)
    return folder


def bare_pass(plan: TrainingPlan, ready: Prepared, training: Material) -> tuple[float, float]:
    """The graph of the backbone over films that are in memory; the session is there already."""
    with tempfile.TemporaryDirectory() as folder:
        card = draft_card(words_of(ready, StartRecord("scratch", "random weights"), Path(folder)), plan.preprocess, {})
        engine = choose_engine(
            write_bundle(Path(folder) / "draft", card, network_of(plan)), "onnx", threads=plan.threads
        )
    batches = [
        to_input(training.grey(np.arange(start, min(start + _BATCH, len(training)))))
        for start in range(0, len(training), _BATCH)
    ]
    engine.run(batches[0])

    def work() -> None:
        for batch in batches:
            engine.run(batch)

    return timed(work)


def quick(plan: TrainingPlan, ready: Prepared, training: Material) -> tuple[float, float]:
    """All of it, from an untrained head to a fitted one."""
    words = words_of(ready, StartRecord("scratch", "random weights"), Path("nowhere"))
    work = HeadWork(plan, words, training, ready.patients(ready.split.train), Clock())
    network = network_of(plan)
    return timed(lambda: learn_head(network, work))


def peak() -> float:
    """The most memory that the process held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
