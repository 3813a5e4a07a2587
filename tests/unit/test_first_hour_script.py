"""What `packaging/first_hour.py` and its parts work out by themselves: from what shows to where to click."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hour_steps
from accessible import Widget, beside, found
from user import UserError, wait

ROOT = Path(__file__).resolve().parents[2]
ON = frozenset({"showing", "enabled"})


def widget(
    role: str, name: str, x_px: int, y_px: int = 100, *, window: str = "Plan", states: frozenset[str] = ON
) -> Widget:
    return Widget(window, role, name, states, (x_px, y_px, 100, 30))


def test_a_widget_is_found_by_its_role_and_the_beginning_of_its_name() -> None:
    off = widget("push button", "Start training", 0, states=ON - {"enabled"})
    label, there = widget("label", "Start", 0), widget("push button", "Start training", 200)
    assert found((off, label, there), "push button", "Start") is there
    assert found((off, label, there), "push button", "Start", "Other") is None
    assert there.middle_px == (250, 115)


def test_a_box_is_found_by_the_label_on_its_left() -> None:
    title = widget("label", "Backbone", 100)
    near, far = widget("combo box", "MobileNetV2", 210), widget("combo box", "none", 400)
    left, below = widget("combo box", "left", 0), widget("combo box", "below", 210, 200)
    other = widget("combo box", "other", 205, window="Main")
    assert beside((other, far, left, below, near, title), "combo box", "Backbone") is near
    assert beside((near,), "combo box", "Backbone") is None


def rows(*names: str) -> tuple[Widget, ...]:
    return tuple(widget("list item", name, 0, window=hour_steps.WINDOW) for name in names)


def test_scores_count_once_every_row_has_one() -> None:
    ill, clear = "Practice, Film 02, 2026-01-01 · DX, Opacity > 0.99", "film-05, PNG, No flag · 0.38"
    assert hour_steps.scores(rows(ill, clear), 2) == ["Opacity > 0.99", "No flag · 0.38"]
    assert hour_steps.scores(rows(ill, "film-05, PNG, Waiting"), 2) == []
    assert hour_steps.scores(rows(ill), 2) == []


@pytest.mark.parametrize(
    ("words", "opacities", "wrong"),
    [
        ("Opacity > 0.99", 2, False),
        ("No flag · 0.38", 0, False),
        ("No flag · 0.38", 1, False),
        ("No flag · 0.38", 2, True),
        ("Opacity 0.97", 0, True),
    ],
)
def test_flags_are_held_against_what_was_drawn(words: str, opacities: int, wrong: bool) -> None:
    assert hour_steps.is_wrong(words, opacities) is wrong


def test_a_run_is_over_with_its_last_event(tmp_path: Path) -> None:
    assert hour_steps.finished_of(tmp_path) == {}
    events = tmp_path / "ward" / "events.jsonl"
    events.parent.mkdir()
    for last, wanted in (("Step", {}), ("Finished", {"event": "Finished"})):
        events.write_text("".join(json.dumps({"event": name}) + "\n" for name in ("Started", last)), encoding="utf-8")
        assert hour_steps.finished_of(tmp_path) == wanted
    with events.open("a", encoding="utf-8") as more:
        more.write('{"event": "Fai')
    assert hour_steps.finished_of(tmp_path) == {"event": "Finished"}, "half a line is none yet"
    events.write_text('{"event": "Failed", "message": "no room"}\n', encoding="utf-8")
    with pytest.raises(UserError, match="no room"):
        hour_steps.finished_of(tmp_path)


def test_what_does_not_come_is_named() -> None:
    answers = iter(["", "there"])
    assert wait("an answer", lambda: next(answers)) == "there"
    with pytest.raises(UserError, match="in vain for the end"):
        wait("the end", lambda: None, patience_s=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="the script is for Linux")
def test_it_says_what_has_to_be_installed_first() -> None:
    command = [sys.executable, str(ROOT / "packaging" / "first_hour.py")]
    done = subprocess.run(
        command, env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "apt-get install xvfb dbus-daemon xdotool" in done.stdout
