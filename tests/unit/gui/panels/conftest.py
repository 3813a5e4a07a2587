"""Fixtures for the panels beside the film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.films.entries import Entry
from gui.jobs import Jobs
from gui.memory import Memory
from gui.panels.findings import FindingsPanel
from gui.review import Review
from gui.second_reader.deciding import Deciding
from imaging.study import ImageRef


@pytest.fixture
def review(themed: QApplication) -> Review:
    """One film, a.png, and no model yet."""
    made = Review()
    made.add([Entry(Path("a.png"), ImageRef(Path("a.png")))])
    return made


@pytest.fixture
def memory(jobs: Jobs) -> Iterator[Memory]:
    made = Memory(jobs, Path(":memory:"))
    yield made
    jobs.shutdown()
    made._desk.close()


@pytest.fixture
def deciding(review: Review, memory: Memory) -> Deciding:
    return Deciding(review, memory)


@pytest.fixture
def findings(review: Review, deciding: Deciding, qtbot: QtBot) -> FindingsPanel:
    """The findings of the selected film; not shown yet."""
    panel = FindingsPanel(review, deciding)
    qtbot.addWidget(panel)
    return panel
