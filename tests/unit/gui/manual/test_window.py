"""The manual in its window, and F1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QVBoxLayout, QWidget

from gui.jobs import Jobs
from gui.manual import pages
from gui.manual.topics import set_topic, topic_in
from gui.manual.window import ManualWindow


@pytest.fixture
def manual(themed: QApplication, jobs: Jobs, qtbot: Any) -> Iterator[ManualWindow]:
    window = ManualWindow(jobs)
    window.show()
    yield window
    window.close()
    window.deleteLater()


def shown(window: ManualWindow, topic: str, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: window.topic == topic and window.settled)


def test_a_heading_is_scrolled_to(manual: ManualWindow, qtbot: Any) -> None:
    manual.show_topic("scores")
    shown(manual, "scores", qtbot)
    assert manual.view.verticalScrollBar().value() == 0
    assert "operating point" in manual.view.toPlainText()
    manual.show_topic("scores#heat-map")
    shown(manual, "scores#heat-map", qtbot)
    assert manual.view.verticalScrollBar().value() > 100


def test_links_lead_on_and_back_leads_back(manual: ManualWindow, qtbot: Any) -> None:
    manual.show_topic()
    shown(manual, "index", qtbot)
    manual.view.anchorClicked.emit(QUrl("scores.md#heat-map"))
    shown(manual, "scores#heat-map", qtbot)
    manual.view.anchorClicked.emit(QUrl("#sensitivity"))
    shown(manual, "scores#sensitivity", qtbot)
    QTest.mouseClick(manual.back, Qt.MouseButton.LeftButton)
    shown(manual, "scores#heat-map", qtbot)
    QTest.mouseClick(manual.back, Qt.MouseButton.LeftButton)
    shown(manual, "index", qtbot)
    assert not manual.back.isEnabled()


def test_the_search_leaves_the_pages_that_hold_the_words(manual: ManualWindow, qtbot: Any) -> None:
    manual.show_topic()
    shown(manual, "index", qtbot)
    QTest.keyClicks(manual.search, "usb stick")
    titles = [manual.list.item(row).text() for row in range(manual.list.count())]
    assert titles == ["Administration"]
    QTest.keyClick(manual.search, Qt.Key.Key_Return)
    shown(manual, "administration", qtbot)
    QTest.keyClick(manual.search, Qt.Key.Key_Return)
    assert manual.view.textCursor().selectedText().lower() == "usb stick"


def test_a_page_is_saved_for_printing(manual: ManualWindow, jobs: Jobs, qtbot: Any, tmp_path: Path) -> None:
    assert not manual.save.isEnabled()
    manual.show_topic("quick-card")
    shown(manual, "quick-card", qtbot)
    manual.save_pdf(tmp_path / "card.pdf")
    qtbot.waitUntil(lambda: jobs.idle)
    content = (tmp_path / "card.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    manual.save_pdf(tmp_path / "missing" / "card.pdf")
    qtbot.waitUntil(lambda: bool(manual.findChildren(QMessageBox)))
    box = manual.findChildren(QMessageBox)[0]
    assert "can't be written" in box.text()
    box.close()


def test_a_manual_that_is_not_there_says_so(
    manual: ManualWindow, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "manual_path", tmp_path.joinpath)
    manual.show_topic()
    qtbot.waitUntil(lambda: manual.view.toPlainText() == pages.MISSING)


def test_f1_takes_what_has_the_focus_or_the_usual_topic(themed: QApplication) -> None:
    window = QWidget()
    panel, inner = QWidget(), QLabel("a label")
    inner.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    QVBoxLayout(panel).addWidget(inner)
    QVBoxLayout(window).addWidget(panel)
    set_topic(panel, "scores#sensitivity")
    window.show()
    assert topic_in(window, "reading") == "reading"
    inner.setFocus()
    assert topic_in(window, "reading") == "scores#sensitivity"
    window.close()
    window.deleteLater()
