from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from pytestqt.qtbot import QtBot

from gui.jobs import Jobs
from gui.memory import Memory
from gui.second_reader.decision import Decision, Verdict, utc_now
from gui.session import open_store
from imaging.study import ImageRef

DECISION = Decision("", 0, "OPACITY", Verdict.AGREE, "", "practice@1", "0" * 64, 0.5, 0.7, utc_now())


def test_a_decision_that_could_not_be_stored_is_tried_again(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    """The film's drive was gone for a moment: its hash, under which the decision is stored, could not be read."""
    film, database = tmp_path / "film.png", tmp_path / "session.sqlite"
    memory = Memory(jobs, database)
    complaints: list[str] = []
    memory.failed.connect(complaints.append)
    memory.add_decision(ImageRef(film), replace(DECISION, verdict=Verdict.DISAGREE))
    memory.add_decision(ImageRef(film), DECISION)
    qtbot.waitUntil(lambda: jobs.idle, timeout=5000)
    assert complaints
    film.write_bytes(b"a film")
    complaints.clear()
    memory.set_state("overlay", {"shown": True})
    qtbot.waitUntil(lambda: jobs.idle, timeout=5000)
    assert not complaints
    memory.close()
    stored = open_store(database).store
    try:
        (found,) = stored.latest(hashlib.sha256(b"a film").hexdigest(), 0)
        assert found.verdict is Verdict.AGREE, "an earlier decision overtook a later one"
        assert stored.state("overlay") == {"shown": True}
    finally:
        stored.close()
