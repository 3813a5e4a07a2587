"""The program's icon in the formats of the three systems, drawn from resources/icons/app.svg."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

DRAWING = Path(__file__).resolve().parents[1] / "resources" / "icons" / "app.svg"
SIZES_PX = (16, 24, 32, 48, 64, 128, 256, 512)
_ICO_PX = 256  # the largest that the format holds


def write_icons(folder: Path) -> None:
    """Write `negatoscope.ico`, `negatoscope.icns` and a PNG for each size, named after it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _application = QGuiApplication.instance() or QGuiApplication([])
    pictures = {size: _drawn(size) for size in SIZES_PX}
    for size, picture in pictures.items():
        picture.save(folder / f"icon-{size}.png")
    small = [picture for size, picture in pictures.items() if size <= _ICO_PX]
    small[-1].save(folder / "negatoscope.ico", sizes=[picture.size for picture in small], append_images=small[:-1])
    pictures[512].save(folder / "negatoscope.icns", append_images=list(pictures.values()))


def _drawn(size_px: int) -> Image.Image:
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(DRAWING)).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide's stubs ask for bytes, PySide itself for text
    return Image.open(BytesIO(bytes(content.data()))).convert("RGBA")
