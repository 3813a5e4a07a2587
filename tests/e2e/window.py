"""Driving a real window with real events, and looking at what it paints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

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


def drop(widget: QWidget, paths: Sequence[Path]) -> None:
    """Drag files over a window that takes them, and let go."""
    assert dropped(widget, paths)


def dropped(widget: QWidget, paths: Sequence[Path]) -> bool:
    """Drag files over a window and let go, as the window system does; whether it takes them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    button, keys, action = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(400, 300), action, mime, button, keys)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(400, 300), action, mime, button, keys))
    return enter.isAccepted()


def pixel(window: MainWindow, at_film: tuple[float, float]) -> QColor:
    """The colour painted on the view at a point of the film's pixel frame."""
    at_view = window.view.view_point(at_film)
    image = window.view.grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(round(at_view.x() * ratio), round(at_view.y() * ratio))


def words(window: MainWindow) -> list[str]:
    """What the rows say."""
    review = window.controller.review
    return [review.rows.words(row).text for row in range(len(review.entries))]


def practice_bundle() -> Path:
    """The bundled practice model, which finds planted opacities."""
    folder = resource_path("models", "practice@1")
    if not (folder / "card.json").is_file():
        pytest.skip("the practice bundle has not been made")
    return folder
