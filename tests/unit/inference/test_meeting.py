"""How the processes of one `screen` wait for each other, and notice who is gone."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from imaging.errors import NegatoscopeError
from inference.screening.meeting import Meeting, Patience
from inference.screening.shards import Rank, Shards
from tests.screening import files_beside

PATIENCE = Patience(beat=0.02, look=0.01, start=5.0, silence=0.3)


class Ranks:
    """Processes of one run as threads of this one: quick, and each can be left out or ended where a test wants it."""

    def __init__(self, out: Path, world: int) -> None:
        self.shards = [Shards(out, Rank(rank, world, rank, world)) for rank in range(world)]

    def meeting(self, rank: int, patience: Patience = PATIENCE) -> Meeting:
        shards = self.shards[rank]
        return Meeting(shards.out, shards.rank, lambda: shards.prepare(resume=False), patience=patience)


@pytest.fixture
def two(tmp_path: Path) -> Ranks:
    return Ranks(tmp_path / "r.jsonl", 2)


def in_thread(work: Any) -> tuple[threading.Thread, list[BaseException]]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except NegatoscopeError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failed


def test_every_process_ends_when_the_parts_are_merged(two: Ranks) -> None:
    def second() -> None:
        with two.meeting(1) as meeting:
            meeting.done()
            meeting.await_dismissal()

    thread, failed = in_thread(second)
    with two.meeting(0) as first:
        first.done()
        first.await_all()
        assert thread.is_alive()
        first.dismiss()
        thread.join(5.0)
    assert not thread.is_alive()
    assert not failed
    assert files_beside(two.shards[0].out) == []


def test_a_process_that_falls_silent_is_named(two: Ranks) -> None:
    """Its file stays, as after a kill, but nobody writes it any more."""
    with two.meeting(0) as first:
        left = two.shards[0].out.with_name("r.jsonl.rank-1-of-2")
        left.write_text("somebody 1 working")
        with pytest.raises(NegatoscopeError, match="Process 2 of 2 has stopped"):
            first.await_all()


def test_a_word_of_an_earlier_run_is_not_believed(two: Ranks) -> None:
    left = two.shards[0].out.with_name("r.jsonl.rank-1-of-2")
    left.write_text("somebody 1 done")
    with two.meeting(0, Patience(beat=0.02, look=0.01, start=0.4, silence=0.1)) as first:
        began = time.monotonic()
        with pytest.raises(NegatoscopeError, match="Process 2 of 2 has stopped"):
            first.await_all()
        assert time.monotonic() - began >= 0.4


def test_the_first_process_that_ends_is_noticed(two: Ranks) -> None:
    begun = threading.Event()

    ended = threading.Event()

    def second() -> None:
        with two.meeting(1) as meeting:
            begun.set()
            meeting.done()
            ended.wait(5.0)
            meeting.await_dismissal()

    thread, failed = in_thread(second)
    with two.meeting(0):
        assert begun.wait(5.0)
    ended.set()  # it is gone before the second one looks
    thread.join(5.0)
    assert [str(error) for error in failed] == ["The first process has stopped; --resume merges what was written."]


def test_nobody_begins_before_the_first(two: Ranks) -> None:
    impatient = Patience(beat=0.02, look=0.01, start=0.1, silence=0.1)
    shards = two.shards[1]
    (shards.out.parent / "r.jsonl.rank-0-of-2").write_text("of a run that was killed")
    with (
        pytest.raises(NegatoscopeError, match="The first of 2 processes has not begun"),
        Meeting(shards.out, shards.rank, lambda: None, patience=impatient),
    ):
        pass
