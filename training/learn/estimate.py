"""How long a plan would take on this machine: a few of its steps, measured on random films in another process."""

from __future__ import annotations

import dataclasses
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from imaging.confined import interrupts_held_back, make_harmless
from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken
from training.films.reading import MOST_TO_SEAL
from training.plan import StartPlan, TrainingPlan, parse_plan, plan_text
from training.sealing.gate_effort import FEWEST_FILMS, FEWEST_VALIDATION, Effort
from training.sealing.shifts import MOST_SHIFTED, SUITE

MEASURED_SECONDS = 3.0  # of steps, once torch is loaded and the network built
_PATIENCE_SECONDS = 90.0  # for all of it, on a machine that is busy
_TURN_SECONDS = 0.1
_FEW, _MORE = 2, 8  # films in a batch: two sizes tell what a film costs, in time and in memory
_SERVED = 2.5  # times as fast as torch the graph is that quick training and sealing look with, on one core
_SEALED_LOOKS = len(SUITE) + 5  # at each validation film when a model is sealed: changed or not, by the int8 graphs
_INT8_LOOKS = 700  # what it takes to make the int8 graphs, in looks of the network
_FITTED = 2  # what fitting a head takes beside the looks, in looks
_GATE_WORK = 1.3  # all of a gate's work beside the network's, in that of its pictures
_STARTS = 3.0  # a run loads more than torch, writes graphs and counts intervals: all of it in starts of the child
_LESSON = 8  # films that a small lesson for a gate is made of, to measure it
_PAGE = 1024.0**3
Clock = Callable[[], float]


class EstimateError(NegatoscopeError):
    """Nothing could be measured; the message says why in one sentence."""


class Costs(NamedTuple):
    """Measured: seconds a film learnt from, seconds a film looked at, bytes at rest and bytes a film in a batch;
    seconds that a film of a gate's lesson takes, and seconds until torch was loaded and the network built.

    The bytes are 0 where the system does not tell.
    """

    learn_s: float
    look_s: float
    rest_bytes: float
    film_bytes: float
    lesson_s: float = 0.0
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take.

    `films` is False where the number of films is not known: `seconds` is then of one epoch of 1,000 films. `memory_gb`
    is 0 where it could not be measured; that of a batch that was not tried is reckoned from smaller ones.
    """

    seconds: float
    memory_gb: float
    threads: int
    films: bool

    @property
    def sentence(self) -> str:
        """'About 12 minutes on this machine (2 cores), about 1.3 GB of memory.'"""
        cores = "1 core" if self.threads == 1 else f"{self.threads} cores"
        memory = f", about {self.memory_gb:.1f} GB of memory" if self.memory_gb else ""
        what = "" if self.films else " for each 1,000 films and epoch"
        return f"About {duration(self.seconds)}{what} on this machine ({cores}){memory}."


def duration(seconds: float) -> str:
    """'12 minutes', '3 hours', '2 days': no more than is known."""
    if seconds < 50:
        return "half a minute" if seconds > 20 else "a few seconds"
    if seconds < 90 * 60:
        minutes = max(1, round(seconds / 60))
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    hours = seconds / 3600
    return f"{round(hours)} hours" if hours < 36 else f"{round(hours / 24)} days"


def reckoned(plan: TrainingPlan, costs: Costs, learnt: int, judged: int) -> Estimate:
    """The run that these costs make: learning, judging each epoch, and sealing the model."""
    known = learnt > 0
    learnt, judged = (learnt, judged) if known else (1000, 0)
    epochs = plan.learning.epochs if known else 1
    served_s = costs.look_s / _SERVED
    rest = _STARTS * costs.start_s + _sealing(costs, served_s, learnt, judged) if known else 0.0
    if plan.network.mode == "quick":
        seconds, batch = learnt * (1 + _FITTED) * served_s + rest, 16
    else:
        looks = judged + (len(SUITE) * min(judged, MOST_SHIFTED) if plan.choice.bear_shifts else 0)
        seconds, batch = epochs * (learnt * costs.learn_s + looks * costs.look_s) + rest, plan.learning.batch
    memory = costs.rest_bytes + batch * costs.film_bytes
    return Estimate(seconds, memory / _PAGE if costs.rest_bytes else 0.0, plan.threads, known)


def _sealing(costs: Costs, served_s: float, learnt: int, judged: int) -> float:
    """Judging the model, and its gate, references and int8 graph: the better part of a short run."""
    seconds = (min(learnt, MOST_TO_SEAL) + _SEALED_LOOKS * judged + _INT8_LOOKS) * served_s
    if learnt < FEWEST_FILMS or judged < FEWEST_VALIDATION:
        return seconds
    effort = Effort.for_films(learnt)
    looks = 2 * effort.embedded + effort.trials + min(effort.held, judged)
    return seconds + looks * served_s + _GATE_WORK * effort.taught * costs.lesson_s


def what_costs(plan: TrainingPlan) -> tuple[object, ...]:
    """All of a plan that its costs depend on: plans that are equal in this cost the same for each film."""
    network = dataclasses.replace(plan.network, start=StartPlan("scratch"))
    learning = plan.learning
    return network, plan.preprocess.size_px, plan.augment, learning.optimiser, learning.precision, plan.threads


def costs_of(plan: TrainingPlan, token: CancelToken) -> Costs:
    """Measure in a child process, which is ended at once when the token is. Raises EstimateError, Cancelled."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child: BaseProcess = context.Process(target=_serve, args=(theirs,), name="training estimate", daemon=True)
    try:
        with interrupts_held_back():
            child.start()
        theirs.close()
        ours.send_bytes(plan_text(plan).encode("utf-8"))
        return _answer(ours, token)
    except (OSError, EOFError) as error:
        raise EstimateError("The time could not be measured here.", detail=type(error).__name__) from error
    finally:
        ours.close()
        with suppress(ValueError, AttributeError, AssertionError):
            child.kill()
            child.join(5.0)
            child.close()


def _answer(pipe: Connection[Any, Any], token: CancelToken) -> Costs:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not pipe.poll(_TURN_SECONDS):
        token.check()
        if time.monotonic() > deadline:
            raise EstimateError("The time could not be measured: the machine is too busy.")
    found = pipe.recv()
    if not isinstance(found, Costs):
        raise EstimateError(str(found))
    return found


def _serve(pipe: Connection[Any, Any]) -> None:
    """The child's whole life."""
    make_harmless()
    with suppress(EOFError, OSError):
        plan = parse_plan(pipe.recv_bytes())
        try:
            found: Costs | str = measured(plan)
        except (MemoryError, RuntimeError):
            found = "There is not enough memory to try the network here."
        pipe.send(found)


def measured(plan: TrainingPlan, clock: Clock = time.perf_counter) -> Costs:
    """Steps of the plan's network on random films, in this process, by a clock that tells seconds."""
    begun = clock()
    import torch

    from inference.networks.network import build_network
    from training.learn.loop import new_learner

    torch.set_num_threads(plan.threads)
    outputs = 1 if plan.network.outputs == "one_logit" else 2
    network = build_network(plan.network.backbone, outputs, plan.preprocess, plan.network.head, auxiliary=True)
    quick = plan.network.mode == "quick"
    learner = new_learner(network, plan, torch.device("cpu"))
    start_s, lesson_s = clock() - begun, _lesson(plan, clock)
    deadline = time.monotonic() + MEASURED_SECONDS
    look_s = _usual(lambda count: _look(network, plan, count), _FEW, deadline - MEASURED_SECONDS * 2 / 3, clock)
    if quick:  # the graph that is served will look at the films, not this network
        return Costs(0.0, look_s, 0.0, 0.0, lesson_s, start_s)
    small = _usual(lambda count: _learn(learner, plan, outputs, count), _FEW, deadline - MEASURED_SECONDS / 3, clock)
    rest = _peak_bytes()
    if 2 * _MORE * small > MEASURED_SECONDS:  # a larger batch would take too long
        return Costs(small, look_s, 0.0, 0.0, lesson_s, start_s)
    large = _usual(lambda count: _learn(learner, plan, outputs, count), _MORE, deadline, clock)
    film_bytes = max(0.0, (_peak_bytes() - rest) / (_MORE - _FEW))
    return Costs(large, look_s, max(0.0, rest - _FEW * film_bytes), film_bytes, lesson_s, start_s)


def _lesson(plan: TrainingPlan, clock: Clock) -> float:
    """Seconds for each film of a small lesson."""
    import numpy as np

    from training.sealing.gate_lesson import lesson

    rng = np.random.default_rng(0)
    films = rng.integers(0, 256, (_LESSON, plan.preprocess.size_px, plan.preprocess.size_px)).astype(np.uint8)
    begun = clock()
    lesson(films, 2 * _LESSON, rng)
    return (clock() - begun) / (2 * _LESSON)


def _usual(step: Any, count: int, deadline: float, clock: Clock) -> float:
    """Seconds a film of the median step until a time: what else the machine does slows the run down too. The first one,
    which also warms up, counts where it is alone.
    """
    taken: list[float] = []
    while len(taken) < 2 or (time.monotonic() < deadline and len(taken) < 20):
        begun = clock()
        step(count)
        taken.append((clock() - begun) / count)
        if taken[0] * count > 2 * MEASURED_SECONDS:
            break
    return statistics.median(taken[1:] or taken)


def _films(plan: TrainingPlan, count: int) -> Any:
    import torch

    side = plan.preprocess.size_px
    return torch.rand((count, 1, side, side)).contiguous(memory_format=torch.channels_last)


def _look(network: Any, plan: TrainingPlan, count: int) -> None:
    import torch

    network.eval()
    with torch.inference_mode():
        network(_films(plan, count))


def _learn(learner: Any, plan: TrainingPlan, outputs: int, count: int) -> None:
    """One step as the loop takes it: changed films, forward, loss, backward, optimiser."""
    import torch

    from training.learn.augment import augment
    from training.learn.losses import loss_of

    films = _films(plan, count)
    if plan.augment is not None:
        films = augment(films, plan.augment, torch.Generator().manual_seed(0))
    learner.network.train()
    learner.optimiser.zero_grad(set_to_none=True)
    logits, _ = learner.network.training_logits(films)
    is_softmax = plan.network.outputs == "softmax"
    wanted = torch.full_like(logits, 1.0 / outputs)
    loss = loss_of(logits, wanted, torch.ones(outputs), plan.learning, is_softmax=is_softmax)
    torch.autograd.backward(loss)
    learner.optimiser.step()


def _peak_bytes() -> float:
    """The most memory that this process has held; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peak if sys.platform == "darwin" else peak * 1024.0
