"""A column that scrolls from top to bottom and never squeezes what stands in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

PAGE_MARGINS_PX = (24, 16, 24, 20)


class ScrolledColumn(QScrollArea):
    """A page of the wizard: fill `column`. As wide as there is room, and as high as its words need at that width.

    A scroll area by itself asks the column for a height at no width in particular, and squeezes it where words wrap.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        content = self._content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(*PAGE_MARGINS_PX)
        self.column.setSpacing(12)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)
        content.setProperty("surface", "background")  # cards stand out from it
        content.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        content = self._content
        width = content.width()
        needed = self.column.totalHeightForWidth(width) if self.column.hasHeightForWidth() else 0
        if content.minimumHeight() != needed:
            content.setMinimumHeight(needed)
