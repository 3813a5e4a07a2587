"""Driving a real window with real events, and looking at what it paints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from gui.main_window import MainWindow
from imaging.paths import resource_path

PATIENCE_MS = 120_000  # other work may share the machine

OpenWindow = Callable[..., MainWindow]


def film_paths(folder: Path) -> list[Path]:
    """The films of a folder in their order."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".dcm", ".png"))


def settle(qtbot: Any, window: MainWindow) -> None:
    """Wait until nothing is scanned, read, analysed or written any more."""
    review = window.controller.review
    qtbot.waitUntil(lambda: window.settled and not review.model_reading, timeout=PATIENCE_MS)


def drop(window: MainWindow, paths: Sequence[Path]) -> None:
    """Drag files over the window and let go, as the window system does."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    button, keys, action = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(400, 300), action, mime, button, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), action, mime, button, keys))


def pixel(window: MainWindow, at_film: tuple[float, float]) -> QColor:
    """The colour painted on the view at a point of the film's pixel frame."""
    at_view = window.view.view_point(at_film)
    image = window.view.grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(round(at_view.x() * ratio), round(at_view.y() * ratio))


def words(window: MainWindow) -> list[str]:
    """What the rows say."""
    review = window.controller.review
    return [review.words(row).text for row in range(len(review.entries))]


def practice_bundle() -> Path:
    """The bundled practice model, which finds planted opacities."""
    folder = resource_path("models", "practice@1")
    if not (folder / "card.json").is_file():
        pytest.skip("the practice bundle has not been made")
    return folder
