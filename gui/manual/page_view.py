"""A page of the manual on screen, with the look of the window. It asks no disk and no network for anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QImage, QResizeEvent, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QWidget

from gui.manual.pages import Page
from gui.theme import BASE_PX, PALETTE

MARGIN_PX, MOST_PX = 32, 820  # longer lines are hard to read


def style() -> str:
    """The look of a page, in the part of CSS that QTextDocument knows."""
    tone = PALETTE
    return f"""
    h1 {{ color: {tone.strong}; font-size: 24px; font-weight: 600; margin: 8px 0 12px 0 }}
    h2 {{ color: {tone.strong}; font-size: 17px; font-weight: 600; margin: 24px 0 6px 0 }}
    h3 {{ color: {tone.strong}; font-size: {BASE_PX + 1}px; font-weight: 600; margin: 16px 0 4px 0 }}
    p, li {{ line-height: 145% }}
    p {{ margin: 6px 0 8px 0 }}
    .picture {{ line-height: 100% }}
    li {{ margin: 2px 0 }}
    a {{ color: {tone.accent}; text-decoration: none }}
    th {{ color: {tone.secondary}; font-weight: 600; text-align: left; border-bottom: 1px solid {tone.outline} }}
    td {{ border-bottom: 1px solid {tone.line} }}
    code {{ color: {tone.strong}; background-color: {tone.raised} }}
    pre {{ color: {tone.strong}; background-color: {tone.raised}; margin: 8px 0 }}
    blockquote {{ color: {tone.amber}; margin: 8px 0 8px 16px }}
    """


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page and its pictures by their names, read on a worker."""

    page: Page
    pictures: Mapping[str, QImage]


class PageView(QTextBrowser):
    """A page. Its pictures were read before; it asks no disk and no network for anything."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Prepared | None = None
        self.setOpenLinks(False)
        self.setStyleSheet("border: none")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # a page's width never depends on it
        # Never within a layout that is going on: the document would be cleared under it.
        self._again = QTimer(self, singleShot=True, interval=0)
        self._again.timeout.connect(self._fit_again)
        self.document().setDefaultStyleSheet(style())
        self.document().setDocumentMargin(0)

    @property
    def pictures(self) -> Mapping[str, QImage]:
        """Of the page on screen, as they were made."""
        return self._shown.pictures if self._shown is not None else {}

    def show_page(self, prepared: Prepared) -> None:
        """Lay the page out in the room there is."""
        self._shown = prepared
        self._lay_out()
        self.verticalScrollBar().setValue(0)

    def _lay_out(self) -> None:
        if self._shown is None:
            return
        width, ratio = self.viewport().width(), self.devicePixelRatioF()
        document = self.document()
        document.clear()  # pictures of an earlier size too
        for name, image in self._shown.pictures.items():
            resource = QTextDocument.ResourceType.ImageResource.value
            document.addResource(resource, QUrl(name), _fitted(image, width, ratio))
        self.setHtml(self._shown.page.html)

    def resizeEvent(self, event: QResizeEvent) -> None:
        spare = max(MARGIN_PX, self.width() - MOST_PX - MARGIN_PX)
        self.setViewportMargins(MARGIN_PX, 16, spare, 16)
        super().resizeEvent(event)
        if self._shown is not None and self._shown.pictures:
            self._again.start()

    def _fit_again(self) -> None:
        """The pictures to a new width."""
        at = self.verticalScrollBar().value()
        self._lay_out()
        self.verticalScrollBar().setValue(at)


def _fitted(image: QImage, width: int, ratio: float) -> QImage:
    """The picture at the screen's own pixels, no wider than `width` and no larger than it is."""
    wanted = min(width, image.width())
    shown = image.scaledToWidth(round(wanted * ratio), Qt.TransformationMode.SmoothTransformation)
    shown.setDevicePixelRatio(ratio)
    return shown
