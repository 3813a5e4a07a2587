"""Which page of the manual belongs to what is on screen."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QWidget

PROPERTY = "manual"  # of a widget: the topic that F1 opens over it

WIZARD = ("training#films", "training#plan", "training#run", "training#result")
CARD, CHECK = "judging#the-model-card", "judging#check-it-on-your-films"
SEEN = "scores#what-the-model-sees"
SETTINGS, KEYS = "administration#settings", "quick-card"
EMPTY, READING = "first-minutes", "reading"


def set_topic(widget: QWidget, topic: str) -> None:
    """F1 over this widget, or with the focus in it, opens this topic."""
    widget.setProperty(PROPERTY, topic)


def topic_in(window: QWidget, usual: str) -> str:
    """The topic of what the cursor is over in this window, else of what has the focus, else `usual`."""
    for widget in (QApplication.widgetAt(QCursor.pos()), window.focusWidget()):
        if widget is not None and widget.window() is window:
            for around in _outwards(widget):
                if around.property(PROPERTY):
                    return str(around.property(PROPERTY))
    return usual


def _outwards(widget: QWidget | None) -> Iterator[QWidget]:
    while widget is not None:
        yield widget
        widget = widget.parentWidget()
