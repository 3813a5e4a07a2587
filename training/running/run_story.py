"""What a run's events add up to: how far it is, its curves and its words, for whoever watches. No time is read here."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from training.running.events import (
    Changed,
    Checked,
    EpochDone,
    Failed,
    Finished,
    Looked,
    RunEvent,
    Saved,
    Scored,
    Started,
    Step,
    Stopped,
    Told,
    WatchedFilm,
    Watching,
)

if TYPE_CHECKING:
    from training.plan import TrainingPlan

_SPEEDS = 20  # of the last steps: the speed is their median
_MOST_WORDS = 400  # a run that is resumed for weeks has no endless list
_MOST_DOTS = 2_000  # of a curve: more than a plot has pixels


class Stage(StrEnum):
    """Where a run stands, by its events."""

    NEW = "new"
    WAITING = "waiting"
    PREPARING = "preparing"
    LEARNING = "learning"
    JUDGING = "judging"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in (Stage.FINISHED, Stage.STOPPED, Stage.FAILED)


class Dot(NamedTuple):
    """A point of a curve; `at` counts epochs from the beginning, so that 1.0 is the end of the first."""

    at: float
    value: float


class Word(NamedTuple):
    """Something that was told, `time` in seconds since 1970."""

    time: float
    tone: Literal["", "amber", "red", "green"]
    text: str


class Measured(NamedTuple):
    """An epoch's measures on the validation part."""

    epoch: int
    measures: dict[str, float]
    is_best: bool


@dataclass(frozen=True, slots=True)
class Story:
    """A run so far. Numbers of films are 0 before it has begun to learn; `busy` is what it does, in words.

    `rate` is the share of the plan's rate. `bundle` is where the sealed model lies, once it does. `looked` are the
    training films that the backbone of a quick run has looked at. `watched` are validation films; `scores` holds what
    the network gives to their own labels, at the step `scored_at`, with `scores_before` at the look before.
    """

    stage: Stage = Stage.NEW
    busy: str = ""
    why: str = ""
    bundle: str = ""
    epochs: int = 0
    training: int = 0
    validation: int = 0
    left_out: int = 0
    threads: int = 0
    device: str = ""
    step: int = 0
    steps: int = 0
    last: float = 0.0
    training_loss: tuple[Dot, ...] = ()
    validation_loss: tuple[Dot, ...] = ()
    rate: tuple[Dot, ...] = ()
    judged: tuple[Measured, ...] = ()
    speeds: tuple[float, ...] = ()
    judging_seconds: float = 0.0
    words: tuple[Word, ...] = ()
    looked: int = 0
    watched: tuple[WatchedFilm, ...] = ()
    scores: tuple[float, ...] = ()
    scores_before: tuple[float, ...] = ()
    scored_at: int = 0

    @property
    def best(self) -> Measured | None:
        """The epoch whose weights are kept so far."""
        return next((measured for measured in reversed(self.judged) if measured.is_best), None)

    @property
    def share(self) -> float:
        """How much of the learning is done, 0 to 1: by steps, or by the films that were looked at."""
        if not self.steps:
            return min(1.0, self.looked / self.training) if self.training else 0.0
        return min(1.0, self.step / self.steps)

    @property
    def films_per_second(self) -> float:
        """The median of the last steps; 0 where none was told yet."""
        return statistics.median(self.speeds) if self.speeds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until the last step at the present speed, with the judging of each epoch; None where that is not known.

        An early stop comes sooner, and the sealing of the bundle is not in it.
        """
        if not self.speeds or not self.steps or not self.epochs or self.films_per_second <= 0:
            return None
        films = self.training * self.epochs * (1.0 - self.share)
        return films / self.films_per_second + self.judging_seconds * (self.epochs - len(self.judged))


def told_on(story: Story, events: Sequence[RunEvent], plan: TrainingPlan) -> Story:
    """The story with what happened since."""
    for event in events:
        story = replace(_told(story, event, plan), last=event.time)
    return story


def _told(story: Story, event: RunEvent, plan: TrainingPlan) -> Story:
    match event:
        case Started():
            story = _begun(story, event, plan)
        case Told():
            story = _busy(story, event)
        case Step():
            story = _stepped(story, event)
        case EpochDone():
            story = _judged(story, event)
        case Checked(time, level, name, sentence):
            story = _with_word(story, Word(time, level, f"{name}: {sentence}"))
        case Changed(time, _, why):
            story = _with_word(story, Word(time, "amber", why))
        case Looked(_, films):
            story = replace(story, looked=films)
        case Watching(_, films):
            story = replace(story, watched=films, scores=(), scores_before=())
        case Scored(_, step, scores):
            before = story.scores
            story = replace(story, stage=Stage.LEARNING, scores=scores, scores_before=before, scored_at=step)
        case Finished() | Stopped() | Failed():
            story = _ended(story, event)
        case Saved():
            pass
    return story


def _ended(story: Story, event: Finished | Stopped | Failed) -> Story:
    match event:
        case Finished(time, _, bundle):
            word = Word(time, "green", "The model is sealed, and is one of your models.")
            story = replace(story, stage=Stage.FINISHED, bundle=bundle)
        case Stopped(time):
            word = Word(time, "", "Stopped.")
            story = replace(story, stage=Stage.STOPPED)
        case Failed(time, _, why):
            word = Word(time, "red", why)
            story = replace(story, stage=Stage.FAILED, why=why)
    return replace(_with_word(story, word), busy="")


def _begun(story: Story, event: Started, plan: TrainingPlan) -> Story:
    """Learning begins, or goes on; what a killed worker learnt past its checkpoint is cut when it is learnt again."""
    batch = plan.learning.batch * plan.learning.accumulate
    again, device = story.training > 0, "GPU" if event.device == "cuda" else "CPU"
    word = Word(event.time, "", f"{'Goes on' if again else 'Learning'}: {event.training:,} films on the {device}.")
    return replace(
        _with_word(story, word),
        stage=Stage.LEARNING,
        busy="",
        why="",
        epochs=event.epochs,
        training=event.training,
        validation=event.validation,
        left_out=event.left_out,
        threads=event.threads,
        device=event.device,
        steps=0 if plan.network.mode == "quick" else max(1, event.training // batch) * event.epochs,
        speeds=(),
    )


def _busy(story: Story, event: Told) -> Story:
    """Counts of one kind, such as `Decoding films: 3 of 8`, take one line between them."""
    first = event.words.partition(" ")[0]
    stage = {"Judging": Stage.JUDGING, "Waiting": Stage.WAITING}.get(first, Stage.PREPARING)
    kind = event.words.partition(":")[0]
    kept = story.words[:-1] if story.words and story.words[-1].text.partition(":")[0] == kind else story.words
    told = replace(story, stage=stage, busy=event.words, why="", words=kept)
    return _with_word(told, Word(event.time, "", event.words))


def _stepped(story: Story, event: Step) -> Story:
    at = _epochs_at(story, event.step)
    return replace(
        story,
        stage=Stage.LEARNING,
        busy="",
        step=event.step,
        training_loss=_with_dot(story.training_loss, Dot(at, event.loss)),
        rate=_with_dot(story.rate, Dot(at, event.rate)),
        speeds=(*story.speeds[1 - _SPEEDS :], event.films_per_second),
    )


def _judged(story: Story, event: EpochDone) -> Story:
    at = float(event.epoch + 1)
    loss = event.measures.get("validation_loss", math.nan)
    kept = tuple(measured for measured in story.judged if measured.epoch < event.epoch)
    return replace(
        story,
        validation_loss=_with_dot(story.validation_loss, Dot(at, loss)),
        judged=(*kept, Measured(event.epoch, event.measures, event.is_best)),
        judging_seconds=max(0.0, event.time - story.last),
    )


def _epochs_at(story: Story, step: int) -> float:
    return step * story.epochs / story.steps if story.steps else 0.0


def _with_dot(dots: tuple[Dot, ...], dot: Dot) -> tuple[Dot, ...]:
    """Less what was told of this place and later ones before: a worker that goes on learns them again."""
    end = len(dots)
    while end and dots[end - 1].at >= dot.at - 1e-9:
        end -= 1
    kept = dots[:end]
    return (*(kept[::2] if len(kept) >= _MOST_DOTS else kept), dot)


def _with_word(story: Story, word: Word) -> Story:
    return replace(story, words=(*story.words[1 - _MOST_WORDS :], word))
