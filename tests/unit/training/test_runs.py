"""Folders of runs, their processes, and whose turn it is."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from imaging.progress import Cancelled
from training.plan import DataPlan, TrainingPlan
from training.recipes import plan_of, recipe_of
from training.running.events import Failed, Stopped, Told
from training.running.runs import CONSOLE, known_runs, launch, new_run, program
from training.running.turn import leave_queue, queue_now, rest, wait_for_turn

PATIENCE_S = 120.0


def plan(name: str = "Ward 3: films") -> TrainingPlan:
    return plan_of(recipe_of("quick"), name, DataPlan("nowhere"))


def until(condition: object, limit_s: float = PATIENCE_S) -> None:
    assert callable(condition)
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_each_run_has_a_folder_of_its_own(user_data: Path) -> None:
    first, second = new_run(plan()), new_run(plan())
    assert first.path.parent == second.path.parent == user_data / "runs"
    assert first.path.name.endswith("-ward-3-films")
    assert second.path.name == f"{first.path.name}-2"
    assert first.plan() == plan()
    assert set(known_runs()) == {first.path, second.path}


def test_a_run_is_a_process_that_tells_how_it_ended() -> None:
    run = new_run(plan())
    launch(run.path)
    assert run.is_alive()
    until(lambda: any(isinstance(event, Failed) for event in run.events()[0]))
    assert "can't be found or read" in next(event.why for event in run.events()[0] if isinstance(event, Failed))
    until(lambda: not (run.path / "queued").exists())


def test_a_queued_run_waits_for_the_one_before_it() -> None:
    first, second = new_run(plan("first")), new_run(plan("second"))
    queue_now(first.path)
    queue_now(second.path)
    first.beat()
    wait_for_turn(first)
    thread = threading.Thread(target=wait_for_turn, args=(second,))
    thread.start()
    until(lambda: bool(second.events()[0]))
    assert thread.is_alive()
    told = second.events()[0][0]
    assert isinstance(told, Told)
    assert told.words == "Waiting for the run “first” to end"
    leave_queue(first.path)
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_dead_run_is_passed_over() -> None:
    first, second = new_run(plan("first")), new_run(plan("second"))
    queue_now(first.path)  # it never beats
    queue_now(second.path)
    wait_for_turn(second)
    assert second.events()[0] == []


def test_a_run_that_waits_can_be_cancelled() -> None:
    first, second = new_run(plan("first")), new_run(plan("second"))
    for run in (first, second):
        queue_now(run.path)
    first.beat()
    second.ask("cancel")
    with pytest.raises(Cancelled):
        wait_for_turn(second)
    assert isinstance(second.events()[0][-1], Stopped)


def test_a_frozen_window_starts_runs_by_the_executable_with_a_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = tmp_path / "Negatoscope.exe"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(window))
    assert program() == [str(window)], "an older folder has one executable"
    (tmp_path / f"{CONSOLE}.exe").touch()
    assert program() == [str(tmp_path / f"{CONSOLE}.exe")]


def test_a_cancel_before_the_process_has_come_up_is_not_lost() -> None:
    run = new_run(plan())
    run.ask("keep")  # of an earlier time
    run.pause(wanted=True)
    launch(run.path)
    assert (run.wish(), run.is_paused) == ("", False)
    run.ask("cancel")
    until(lambda: bool(run.events()[0]))
    until(lambda: not (run.path / "queued").exists())
    assert [type(event) for event in run.events()[0]] == [Stopped], "it reads no film"


def test_a_paused_run_lets_others_go_ahead_and_waits_for_its_turn_again() -> None:
    first, second = new_run(plan("first")), new_run(plan("second"))
    for run in (first, second):
        queue_now(run.path)
    first.beat()
    waiting = threading.Thread(target=wait_for_turn, args=(second,))
    waiting.start()
    until(lambda: bool(second.events()[0]))
    first.pause(wanted=True)
    resting = threading.Thread(target=rest, args=(first,))
    resting.start()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
    second.beat()
    first.pause(wanted=False)
    until(lambda: bool(first.events()[0]))
    told = first.events()[0][0]
    assert isinstance(told, Told)
    assert told.words == "Waiting for the run “second” to end"
    leave_queue(second.path)
    resting.join(PATIENCE_S)
    assert not resting.is_alive()
    assert (first.path / "queued").exists()


def test_a_paused_run_of_the_command_line_stands_in_no_queue() -> None:
    run = new_run(plan())
    run.pause(wanted=True)
    run.ask("keep")
    rest(run)
    assert not (run.path / "queued").exists()
