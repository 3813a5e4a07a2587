"""What the Run page says of a run, and what may be done with it, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from training.running.run_story import Stage, Story

if TYPE_CHECKING:
    from gui.wizard.run_work import Seen

START_PATIENCE_S = 60.0  # a worker imports for some seconds before its heart beats
_COUNT = re.compile(r"([\d,]+) of ([\d,]+)")

KEPT = "Nothing that was learnt is lost."


class State(StrEnum):
    """What the page shows: where the run stands, and whether somebody works on it."""

    WAITING = "waiting"
    STARTING = "starting"
    PREPARING = "preparing"
    LEARNING = "learning"
    PAUSED = "paused"
    ENDING = "ending"
    CANCELLING = "cancelling"
    JUDGING = "judging"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    NOT_BEGUN = "not begun"
    GONE = "gone"

    @property
    def is_worked_on(self) -> bool:
        return self in (
            State.WAITING,
            State.STARTING,
            State.PREPARING,
            State.LEARNING,
            State.PAUSED,
            State.ENDING,
            State.CANCELLING,
            State.JUDGING,
        )

    @property
    def is_resumable(self) -> bool:
        return self in (State.STOPPED, State.FAILED, State.GONE, State.NOT_BEGUN)


@dataclass(frozen=True, slots=True)
class RunWords:
    """`share` is 0 to 1, or None where nobody knows how far it is; `busy`: something moves."""

    state: State
    title: str
    sentence: str
    tone: str = ""
    share: float | None = None
    busy: bool = False


def state_of(seen: Seen, asked_at: float = 0.0) -> State:
    """`asked_at`: when a worker was asked for that has not answered yet, in seconds since 1970; 0 for none."""
    if seen.is_alive and not seen.story.stage.is_over:
        return _worked_on(seen)
    if seen.story.stage is Stage.FINISHED:
        return State.FINISHED
    if not asked_at:
        return _unworked(seen)
    return State.CANCELLING if seen.wish == "cancel" and seen.wished_at > asked_at else State.STARTING


def _worked_on(seen: Seen) -> State:
    stage = seen.story.stage
    known = {
        Stage.WAITING: State.WAITING,
        Stage.NEW: State.STARTING,
        Stage.LEARNING: State.LEARNING,
        Stage.JUDGING: State.JUDGING,
    }
    if seen.wish == "cancel":
        return State.CANCELLING  # from the very first moment: the worker finds the wish when it comes up
    if stage not in (Stage.JUDGING, Stage.WAITING) and seen.wish == "keep":
        return State.ENDING
    if stage not in (Stage.JUDGING, Stage.WAITING) and seen.is_paused:
        return State.PAUSED
    return known.get(stage, State.PREPARING)


def _unworked(seen: Seen) -> State:
    ended = {Stage.STOPPED: State.STOPPED, Stage.FAILED: State.FAILED}
    if seen.story.stage in ended:
        return ended[seen.story.stage]
    if not seen.has_begun:
        return State.STARTING if seen.silent_s < START_PATIENCE_S else State.NOT_BEGUN
    return State.GONE


def words_of(seen: Seen, state: State) -> RunWords:
    """Everything of the page's head."""
    story = seen.story
    match state:
        case State.WAITING:
            return RunWords(state, "Waiting for its turn", f"{story.busy}. It begins by itself.")
        case State.STARTING:
            return RunWords(state, "Starting", "The worker is being started.", busy=True)
        case State.PREPARING:
            return RunWords(state, _preparing(story), _busy(story.busy), share=_share(story.busy), busy=True)
        case State.LEARNING:
            share = story.share if story.steps or story.looked else None
            return RunWords(state, _learning(story), _left(story), share=share, busy=True)
        case State.JUDGING:
            sentence = "It is judged on films that it did not learn from, then sealed as a model. A minute or several."
            return RunWords(state, "Judging the model", sentence, busy=True)
        case _:
            return _resting(seen, state)


def _resting(seen: Seen, state: State) -> RunWords:
    story, share = seen.story, seen.story.share or None
    said = {
        State.PAUSED: ("Paused", f"Nothing is computed until you go on; other runs go ahead. {_done(story)}", "amber"),
        State.ENDING: ("Stopping, and keeping the best", "The step at work ends first; then the model is judged.", ""),
        State.CANCELLING: ("Cancelling", "The step at work ends first.", ""),
        State.FINISHED: ("Finished", _reached(story), "green"),
        State.STOPPED: ("Stopped", f"{_done(story)} {KEPT} It can go on from there.", ""),
        State.FAILED: ("Failed", f"{story.why} {KEPT}", "red"),
        State.NOT_BEGUN: ("Not begun", "It was put aside before it began.", "amber"),
        State.GONE: (
            "The worker is gone",
            f"Nothing was heard of it for {duration(seen.silent_s)}: it was ended, or the machine slept. "
            f"The run goes on from its last checkpoint.",
            "amber",
        ),
    }
    title, sentence, tone = said[state]
    return RunWords(state, title, sentence, tone, 1.0 if state is State.FINISHED else share)


def _preparing(story: Story) -> str:
    return "Decoding films" if story.busy.startswith("Decoding") else story.busy.partition(":")[0] or "Reading films"


def _busy(busy: str) -> str:
    """What the title does not say: how far it is."""
    how_far = busy.partition(": ")[2]
    return f"{how_far}." if how_far else "Every file is opened once."


def _learning(story: Story) -> str:
    if not story.steps:
        return "Learning: the backbone looks at each film once"
    epoch = min(story.epochs, int(story.share * story.epochs) + 1)
    return f"Learning: epoch {epoch} of {story.epochs}"


def _left(story: Story) -> str:
    left = story.seconds_left
    if left is None:
        looked = f"{story.looked:,} of {story.training:,} films."
        return looked if not story.steps else "The time left is known after the first steps."
    return f"About {duration(left)} of learning left, at {story.films_per_second:,.0f} films a second."


def _done(story: Story) -> str:
    if not story.steps or not story.step:
        return "It has not learnt yet."
    return f"{len(story.judged)} of {story.epochs} epochs are done."


def _reached(story: Story) -> str:
    early = len(story.judged) < story.epochs and bool(story.judged)
    epochs = f"{len(story.judged)} of {story.epochs} epochs, stopped early. " if early else ""
    best = story.best
    kept = f"The weights of epoch {best.epoch + 1} are kept. " if best is not None and len(story.judged) > 1 else ""
    return f"{epochs}{kept}The model is sealed, and is one of your models."


def _share(busy: str) -> float | None:
    found = _COUNT.search(busy)
    if found is None:
        return None
    done, total = (int(text.replace(",", "")) for text in found.groups())
    return done / total if total else None


def duration(seconds: float) -> str:
    """'40 s', '12 min', '3 h 20 min'."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest and hours < 24 else f"{hours} h"
