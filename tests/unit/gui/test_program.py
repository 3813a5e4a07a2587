"""What is known of the program itself, read once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.jobs import Jobs
from gui.process.program import Program, ProgramFacts
from imaging.release import Release


@pytest.mark.logs_errors
def test_facts_are_read_once_and_again_only_where_they_could_not_be_read(
    jobs: Jobs, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "release.json"
    monkeypatch.setattr("imaging.release.resource_path", lambda *_: file)
    facts = ProgramFacts(jobs)
    told: list[Program] = []
    file.write_text("{", encoding="utf-8")
    with qtbot.waitSignal(jobs.crashed):
        facts.ask(told.append)
    file.write_text('{"flavour": "viewer", "commit": "0123"}', encoding="utf-8")
    facts.ask(told.append)
    facts.ask(told.append)
    qtbot.waitUntil(lambda: jobs.idle)
    file.unlink()
    facts.ask(told.append)
    assert [program.release for program in told] == [Release("viewer", "0123")] * 3
    assert len({id(program) for program in told}) == 1
