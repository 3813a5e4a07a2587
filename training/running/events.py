"""What a run tells whoever watches: one line of JSON an event, in `events.jsonl` of its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from inference.scoring.records import RecordError, from_json, to_json, with_defaults


@dataclass(frozen=True, slots=True)
class Started:
    """Learning begins, or goes on. `training`, `validation` and `left_out` are numbers of films."""

    time: float
    epochs: int
    training: int
    validation: int
    left_out: int
    threads: int
    device: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the run is busy with, in words, where there are no steps to count."""

    time: float
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Something about the films that is worth a look (`level` amber) or should be mended before training (red)."""

    time: float
    level: Literal["amber", "red"]
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class WatchedFilm:
    """A film of the validation part; `label` is what it shows."""

    path: str
    frame: int
    label: str


@dataclass(frozen=True, slots=True)
class Watching:
    """Which films have their scores told from now on."""

    time: float
    films: tuple[WatchedFilm, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """What the network gives to the own label of each watched film at this step, 0 to 1 and not calibrated."""

    time: float
    step: int
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """Quick training: at how many training films the backbone has looked."""

    time: float
    films: int


@dataclass(frozen=True, slots=True)
class Step:
    """Optimiser steps done, the mean loss since the last event, the share of the plan's rate, films a second."""

    time: float
    step: int
    epoch: int
    loss: float
    rate: float
    films_per_second: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """What the weights of an epoch are worth on the validation part. `picked` is the measure that chooses an epoch."""

    time: float
    epoch: int
    loss: float
    measures: dict[str, float]
    picked: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """The run can go on from here."""

    time: float
    step: int


@dataclass(frozen=True, slots=True)
class Changed:
    """The run went another way than its plan: a smaller batch, a lower rate. `why` is a sentence."""

    time: float
    step: int
    why: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The run came to its end, or was told to keep the best. `bundle` is where the sealed model lies."""

    time: float
    step: int
    bundle: str
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run was cancelled; its checkpoint stays."""

    time: float
    step: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The run can't go on; `why` is a sentence."""

    time: float
    step: int
    why: str


RunEvent = (
    Started
    | Told
    | Checked
    | Watching
    | Scored
    | Looked
    | Step
    | EpochDone
    | Saved
    | Changed
    | Finished
    | Stopped
    | Failed
)
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(RunEvent)}


def event_line(event: RunEvent) -> str:
    """The event as a line, with its line feed."""
    body = {"event": type(event).__name__} | to_json(event)
    return json.dumps(body, allow_nan=False) + "\n"


def parse_event(line: str) -> RunEvent | None:
    """The event of a line; None for a torn line or one of another program."""
    try:
        body = json.loads(line)
        kind = _KINDS[body.pop("event")]
        event: RunEvent = from_json(kind, with_defaults(kind, body))
    except (ValueError, KeyError, AttributeError, TypeError, RecordError):
        return None
    return event
