from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.plan import DataPlan, PlanError
from training.recipes import plan_of, recipe_of
from training.running.events import (
    Checked,
    EpochDone,
    Failed,
    Finished,
    RunEvent,
    Saved,
    Started,
    Step,
    Told,
    event_line,
    parse_event,
)
from training.running.run_dir import EVENTS, HEARTBEAT, PLAN, RunDir, RunError

PLAN_OF = plan_of(recipe_of("standard"), "trial", DataPlan("films"))
EVENTS_OF: tuple[RunEvent, ...] = (
    Started(1.0, 3, 100, 20, 2, 1, "cpu"),
    Told(1.5, "Decoding films: 64 of 120"),
    Checked(1.7, "amber", "Validation part", "The validation part is small (SICK 4): what is measured says little."),
    Step(2.0, 7, 1, 0.5, 0.25, 31.5),
    EpochDone(3.0, 1, 0.4, {"auc": 0.9}, 0.9, True),
    Saved(4.0, 8),
    Failed(5.0, 8, "The disk may be full."),
    Finished(6.0, 9, "models/trial@1", {"SICK.auc": 0.9}),
)


@pytest.mark.parametrize("event", EVENTS_OF)
def test_an_event_survives_its_line(event: RunEvent) -> None:
    assert parse_event(event_line(event)) == event


def test_an_event_may_say_less_than_events_say_now() -> None:
    assert parse_event('{"event": "Finished", "time": 6.0, "step": 9, "bundle": "trial@1"}') == Finished(
        6.0, 9, "trial@1"
    )


@pytest.mark.parametrize("line", ["", "{}", "[]", '{"event": "Unheard"}', '{"event": "Saved", "time": "now"}', "{"])
def test_a_line_of_no_event_is_none(line: str) -> None:
    assert parse_event(line) is None


def test_events_are_read_as_they_come_and_torn_lines_wait(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.append(EVENTS_OF[0])
    first, offset = run.events()
    assert first == [EVENTS_OF[0]]
    with (tmp_path / EVENTS).open("ab") as stream:
        stream.write(event_line(EVENTS_OF[1]).encode()[:20])  # killed in the middle of a line
    assert run.events(offset) == ([], offset)
    run.append(EVENTS_OF[2])
    assert run.events(offset)[0] == [EVENTS_OF[2]]


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.create(PLAN_OF)
    run.create(PLAN_OF)
    assert run.plan() == PLAN_OF
    with pytest.raises(RunError, match="Another training run"):
        run.create(plan_of(recipe_of("quick"), "trial", DataPlan("films")))
    (run.path / PLAN).write_text("{}")
    with pytest.raises(PlanError):
        run.create(PLAN_OF)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_films_whose_folder_has_a_damaged_name_are_told_of_in_a_sentence(tmp_path: Path) -> None:
    films = DataPlan(os.fsdecode(b"/films/\xff"))
    with pytest.raises(RunError, match="is damaged; rename it"):
        RunDir(tmp_path / "run").create(plan_of(recipe_of("standard"), "trial", films))


def test_two_workers_do_not_share_a_run(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    code = (
        "import sys, pathlib; from training.running.run_dir import RunDir\n"
        "with RunDir(pathlib.Path(sys.argv[1])).locked(): print('mine', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "mine\n"
    with pytest.raises(RunError, match="being trained already"), run.locked():
        pass
    other.kill()  # the lock goes with the process
    other.communicate()
    with run.locked():
        pass


def test_wishes_and_beats(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert (run.wish(), run.is_alive(), run.is_paused) == ("", False, False)
    run.ask("keep")
    assert run.wish() == "keep"
    run.ask("cancel")
    run.pause(wanted=True)
    run.beat()
    assert (run.wish(), run.is_alive(), run.is_paused) == ("cancel", True, True)
    run.ask("")
    run.pause(wanted=False)
    (tmp_path / HEARTBEAT).write_text(f"1 {time.time() - 60:.1f}\n")
    assert (run.wish(), run.is_alive(), run.is_paused) == ("", False, False)


def test_a_full_disk_is_one_sentence() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    with pytest.raises(RunError):
        RunDir(Path("/dev/full")).append(EVENTS_OF[0])
