"""A page of the manual on paper: A4, black on white, as a PDF file's bytes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF, QUrl
from PySide6.QtGui import QFont, QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from gui.manual.pages import Page
from gui.theme import FAMILY

MARGIN_MM, DPI, BODY_PT = 14.0, 150, 8.5
STYLE = f"""
h1 {{ font-size: 15pt; margin: 0 0 6px 0 }} h2 {{ font-size: 11pt; margin: 10px 0 3px 0 }} h3 {{ font-size: 9pt }}
p, li, td, th {{ font-size: {BODY_PT}pt }}
th {{ text-align: left; border-bottom: 1px solid #666666 }} td {{ border-bottom: 1px solid #bbbbbb }}
a {{ color: black; text-decoration: none }} pre, code {{ background-color: #eeeeee }}
"""


def document_of(page: Page, pictures: Mapping[str, QImage], width: float, dpi: int = DPI) -> QTextDocument:
    """The page laid out `width` pixels of the paper wide."""
    document = QTextDocument()
    document.setDefaultFont(QFont(FAMILY, int(BODY_PT)))
    document.setDefaultStyleSheet(STYLE)
    for name, image in pictures.items():
        fitted = image.scaledToWidth(min(int(width), image.width()))
        document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name), fitted)
    document.setHtml(page.html.replace('cellpadding="6"', 'cellpadding="3"'))
    return document


def as_pdf(page: Page, pictures: Mapping[str, QImage]) -> bytes:
    """The whole file; a page of the manual may take several of paper."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, page.title)
    room = QSizeF(writer.width(), writer.height())
    document = document_of(page, pictures, room.width())
    document.documentLayout().setPaintDevice(writer)
    document.setPageSize(room)
    document.print_(writer)
    del writer  # it writes the end of the file
    return bytes(content.data())


def _writer(buffer: QBuffer, title: str) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setTitle(title)
    writer.setResolution(DPI)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    return writer
