"""Fixtures for the window's rooms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from gui.jobs import Jobs
from gui.review import Review
from gui.theme import apply_theme


@pytest.fixture
def themed(qapp: QApplication) -> QApplication:
    """The application in its own clothes, as the user sees it."""
    if not qapp.styleSheet():
        apply_theme(qapp)
    return qapp


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    """Job lanes that are shut down after the test."""
    made = Jobs()
    yield made
    assert made.shutdown(), "a job outlived its test"


@pytest.fixture
def review(qapp: QApplication) -> Review:
    """A review without a film."""
    return Review()
