"""How `packaging/first_hour.py` begins: by what a screen reader is told, by mouse and keyboard, from outside. It is for
the frozen program; here it works the source's.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

import hour_steps
import own_screen
from accessible import Eyes
from smoke import frozen_program
from user import User

MAIN = Path(__file__).resolve().parents[2] / "main.py"
LACKING = own_screen.missing()


@pytest.mark.skipif(bool(LACKING), reason=f"a program is not installed (Debian: {' '.join(LACKING)})")
def test_films_are_read_by_mouse_and_keyboard(tmp_path: Path) -> None:
    home = tmp_path / "Иван 胸部"
    home.mkdir()
    command = (sys.executable, str(MAIN))
    with own_screen.own_screen(tmp_path) as screen, closing(Eyes(screen.bus)) as eyes:
        user = User(eyes, screen, tmp_path / "pictures")
        hour = hour_steps.Hour(user, command, frozen_program(list(command), home), home)
        with hour.opened("day"):
            said = hour_steps.read_practice_films(hour)
    assert said == "4 of 12 flagged, none against the truth; one decided"
    assert [decision[:2] for decision in hour_steps.decisions(hour.data)] == [("OPACITY", "agree")]
    assert hour_steps.stay_at_home(hour)
