"""What a new user does in the first hour, a step a function: each returns what came of it, in words."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smoke import Program
from user import Seen, User, UserError, is_chosen, wait

WINDOW, WIZARD = "Negatoscope", "Train a model"
DATA = Path(".local/share/negatoscope")
BACKBONE, START = "Tiny CNN with fine cells", "Model practice@1"
NAME, MODEL, SHOWN = "Ward 3", "ward-3", "ward-3 1"  # as it is typed, as commands name it, as the window does
RUN_PATIENCE_S = 900.0
SCORED = re.compile(r"(No flag · |Opacity )([<>] )?[01]\.\d\d$")


@dataclass(frozen=True, slots=True)
class Hour:
    """`window` is the command that opens the window; `commands` runs those without one."""

    user: User
    window: tuple[str, ...]
    commands: Program
    home: Path

    @property
    def data(self) -> Path:
        return self.home / DATA

    @contextmanager
    def opened(self, day: str) -> Iterator[subprocess.Popen[bytes]]:
        """The program with its window, until Ctrl+Q."""
        environment = {**self.commands.environment, **self.user.screen.environment}
        with (self.home.parent / f"{day}.log").open("wb") as log:
            program = subprocess.Popen(self.window, cwd=self.home, env=environment, stdout=log, stderr=log)
            try:
                yield program
                self.user.screen.bring_up(WINDOW)
                self.user.screen.press("ctrl+q")
                wait("the program's end after Ctrl+Q", lambda: program.poll() is not None)
                if program.returncode:
                    raise UserError(f"the program ended with {program.returncode}")
            finally:
                program.kill()
                program.wait()


# The hour


def read_practice_films(hour: Hour) -> str:
    """Open them, hold what the model says against what was drawn, and agree with one flag."""
    user = hour.user
    user.click("push button", "Practice films", WINDOW)
    said = user.see("scores of the 12 practice films", lambda seen: scores(seen, 12))
    truth = json.loads((hour.data / "practice films" / "truth.json").read_text(encoding="utf-8"))["films"]
    drawn = [len(truth[name]["opacities"]) for name in sorted(truth)]
    wrong = [row for row, (words, count) in enumerate(zip(said, drawn, strict=True)) if is_wrong(words, count)]
    if wrong:
        raise UserError(f"films {wrong} are flagged wrongly: {said}")
    user.screen.bring_up(WINDOW)
    user.screen.press("Down")
    user.find("label", "Opacity suspected", WINDOW)
    agree(hour, 1)
    user.picture("1-practice-films")
    return f"{sum(map(is_flagged, said))} of {len(said)} flagged, none against the truth; one decided"


def train(hour: Hour) -> str:
    """From a folder to the page of results."""
    user = hour.user
    open_wizard(user)
    user.click("push button", "Choose a folder", WIZARD)
    user.choose_folder("A folder of labelled films", "ward")
    user.click("push button", "Next: the plan", WIZARD)
    user.pick("Backbone", BACKBONE, WIZARD)
    user.see(f"“{START}” to start from", lambda seen: is_chosen(seen, "Starts from", START, WIZARD))
    if "checked" not in user.find("radio button", "Quick", WIZARD).states:
        raise UserError("the plan is not Quick")
    user.fill("Name of the model", NAME, WIZARD)
    user.picture("2-plan")
    user.click("push button", "Start training", WIZARD)
    finished = wait("the event Finished of the run", lambda: finished_of(hour.data / "runs"), RUN_PATIENCE_S)
    user.picture("3-run")
    user.click("push button", "Show the result", WIZARD)
    user.find("label", SHOWN, WIZARD)
    user.click("push button", "Open in the viewer", WIZARD)
    user.see(f"“{SHOWN}” in the viewer", lambda seen: any(w.window == WINDOW and w.name == SHOWN for w in seen))
    user.picture("4-result")
    area = finished["measures"]["OPACITY.auc"]
    if area < 0.9:
        raise UserError(f"the model's area under the curve is {area:.2f}")
    return f"a Quick run of {BACKBONE} from {START.removeprefix('Model ')}, AUC {area:.2f}"


def seal(hour: Hour) -> str:
    """What the run installed is verified by another process."""
    hour.commands.run("models", "verify", MODEL, folder=hour.home)
    return f"{MODEL} is installed and verifies"


def score_new_films(hour: Hour) -> str:
    """With the own model, in the window and by `screen`: the same score to the contract's tolerance."""
    user = hour.user
    user.screen.bring_up(WINDOW)
    user.screen.press("ctrl+w", "ctrl+shift+o")
    user.choose_folder("Open a folder of films", "new")
    said = user.see("scores of the 2 new films", lambda seen: scores(seen, 2))
    agree(hour, 2)
    user.picture("5-new-films")
    hour.commands.run("screen", "new", "--model", MODEL, "--out", "lines.jsonl", folder=hour.home)
    lines = [json.loads(line) for line in (hour.home / "lines.jsonl").read_text(encoding="utf-8").splitlines()]
    flags = [line["findings"][0]["flagged"] for line in lines]
    if flags != [True, False] or list(map(is_flagged, said)) != flags:
        raise UserError(f"the ill film is to be flagged and the clear one not: {said}, by screen {flags}")
    shown, screened = decisions(hour.data)[-1][2], lines[0]["findings"][0]["probability"]
    if abs(shown - screened) > 1e-6:
        raise UserError(f"the window scored {shown}, screen {screened}")
    return "the ill one flagged, the clear one not; `screen` says the same to 1e-6"


def come_back(hour: Hour) -> str:
    """The next day: model, films, decision, run and result."""
    user = hour.user
    user.see(f"the model “{SHOWN}”, chosen last", lambda seen: any(w.name == SHOWN for w in seen))
    user.click("push button", "new", WINDOW)  # the folder that was opened last
    said = user.see("scores of the 2 new films", lambda seen: scores(seen, 2))
    if list(map(is_flagged, said)) != [True, False]:
        raise UserError(f"the scores have changed: {said}")
    user.see("the decision of the day before", is_agreed)
    open_wizard(user)
    user.screen.press("Down")
    user.find("label", "Finished", WIZARD)
    user.screen.press("Down")
    user.find("label", SHOWN, WIZARD)
    user.picture("6-the-next-day")
    return "model, folder, scores, decision, run and result are there"


def stay_at_home(hour: Hour) -> str:
    """Nothing was written but into the data folder."""
    ours = {hour.home / name for name in ("ward", "new", "lines.jsonl")}
    written = [path for path in hour.home.rglob("*") if path.is_file()]
    strays = [path for path in written if hour.data not in path.parents and not ours & {path, *path.parents}]
    if strays:
        raise UserError(f"written outside the data folder: {', '.join(str(p.relative_to(hour.home)) for p in strays)}")
    return f"{len(written) - 83} files, all in the data folder"


# What the steps share


def open_wizard(user: User) -> None:
    """By the menu: Train a model is the last row of the menu AI, the fifth."""
    user.screen.bring_up(WINDOW)
    user.click("button menu", "Menu", WINDOW)
    user.screen.press(*["Down"] * 5, "Right", "Up", "Return")
    user.see(
        "the training window, ready", lambda seen: any(w.window == WIZARD and w.role == "push button" for w in seen)
    )
    user.screen.bring_up(WIZARD)


def agree(hour: Hour, count: int) -> None:
    """Agree with the film on screen; it is written at once, as the `count`th decision."""
    hour.user.click("check box", "Agree", WINDOW)
    hour.user.see("Agree, ticked", is_agreed)
    wait("the decision in the session file", lambda: len(decisions(hour.data)) == count)


def is_agreed(seen: Seen) -> bool:
    """Whether the finding on screen is agreed with."""
    return any(w.role == "check box" and w.name == "Agree" and "checked" in w.states for w in seen)


def scores(seen: Seen, count: int) -> list[str]:
    """What the rows of the list of films say of their scores, once all of them have one; else nothing."""
    rows = [widget.name for widget in seen if widget.role == "list item" and widget.window == WINDOW]
    said = [match[0] for match in map(SCORED.search, rows) if match]
    return said if len(said) == len(rows) == count else []


def is_flagged(words: str) -> bool:
    """Whether these words of a row say so."""
    return not words.startswith("No flag")


def is_wrong(words: str, opacities: int) -> bool:
    """A film with one small opacity may be missed: the model finds 95 of 100."""
    return is_flagged(words) != (opacities > 0) and opacities != 1


def finished_of(runs: Path) -> dict[str, Any]:
    """The event with which the one run finished, or nothing. Raises UserError where it ended otherwise."""
    texts = [path.read_text(encoding="utf-8") for path in runs.glob("*/events.jsonl")]
    lines = [line for text in texts for line in text[: text.rfind("\n") + 1].splitlines()]  # the last may be half there
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {"event": ""}
    if last["event"] in ("Failed", "Stopped"):
        raise UserError(f"the run ended: {last}")
    return last if last["event"] == "Finished" else {}


def decisions(data: Path) -> list[tuple[str, str, float]]:
    """Label, verdict and the score it was said of, oldest first."""
    with closing(sqlite3.connect(f"file:{data / 'session.sqlite3'}?mode=ro", uri=True)) as session:
        return session.execute("SELECT label, verdict, probability FROM decisions ORDER BY id").fetchall()


FIRST_DAY: dict[str, Callable[[Hour], str]] = {
    "practice films": read_practice_films,
    "training": train,
    "bundle": seal,
    "new films": score_new_films,
}
SECOND_DAY: dict[str, Callable[[Hour], str]] = {"the next day": come_back}
AFTERWARDS: dict[str, Callable[[Hour], str]] = {"traces": stay_at_home}
