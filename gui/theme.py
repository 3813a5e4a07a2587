"""The palette, the typeface and the one stylesheet of the window (`look.md`)."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from imaging.paths import resource_path

FAMILY = "Inter"
BASE_PX = 13
SMALL_PX = 11
CONTROL_HEIGHT_PX = 34

TextRole = Literal["body", "small", "strong", "heading", "title"]
_ROLES: dict[TextRole, tuple[int, int, float]] = {  # size in px, weight, letter spacing in px
    "body": (BASE_PX, 400, 0.0),
    "small": (SMALL_PX, 400, 0.0),
    "strong": (BASE_PX, 600, 0.0),
    "heading": (SMALL_PX, 600, 0.6),
    "title": (20, 600, -0.2),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of the window. Amber means 'flagged', green 'recommended' or 'right', red 'wrong'."""

    background: str = "#0d0f12"
    panel: str = "#15181d"
    raised: str = "#1c2027"
    hover: str = "#232933"
    line: str = "#272c35"
    outline: str = "#3a4250"
    text: str = "#d9dee6"
    strong: str = "#f3f6fa"
    secondary: str = "#8b94a3"
    disabled: str = "#596170"
    accent: str = "#5db0ff"
    accent_hover: str = "#7cc0ff"
    accent_fill: str = "#1f364c"
    accent_line: str = "#34618c"
    on_accent: str = "#0b1521"
    amber: str = "#f2a65a"
    green: str = "#62c8a0"
    red: str = "#ef7d7d"


PALETTE = Palette()


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2, 'contrast ratio')."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    parsed = QColor(colour)
    channels = (parsed.redF(), parsed.greenF(), parsed.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def font(role: TextRole = "body") -> QFont:
    """The interface face in one of its roles, with figures of equal width so that numbers do not jump."""
    size_px, weight, spacing_px = _ROLES[role]
    made = QFont(FAMILY)
    made.setPixelSize(size_px)
    made.setWeight(QFont.Weight(weight))
    # The shipped file is variable: without the axis Qt smears the regular outline to make it bold.
    made.setVariableAxis(QFont.Tag("wght"), float(weight))
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing_px)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def apply_theme(app: QApplication, palette: Palette = PALETTE) -> None:
    """Dress the whole application: style, typeface, palette, stylesheet.

    The palette is set colour by colour: offscreen, `setColorScheme(Dark)` leaves it light.
    Raises OSError where the shipped typeface cannot be loaded.
    """
    if FAMILY not in QFontDatabase.families():
        path = resource_path("fonts", "Inter.ttf")
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise OSError(f"the typeface {path.name} cannot be loaded")
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(qt_palette(palette))
    app.setStyleSheet(stylesheet(palette))


@contextmanager
def dressed_at_the_end(app: QApplication) -> Iterator[None]:
    """For building a window. While the stylesheet is in force, whatever is put into a layout is dressed anew with all
    that it holds, level upon level: a third of what a window takes to build. Sizes are not to be asked for meanwhile.
    """
    sheet = app.styleSheet()
    app.setStyleSheet("")
    try:
        yield
    finally:
        app.setStyleSheet(sheet)


def qt_palette(palette: Palette = PALETTE) -> QPalette:
    """The colours for what no stylesheet reaches: plots, delegates, native dialogs."""
    role, made = QPalette.ColorRole, QPalette()
    colours = {
        role.Window: palette.panel,
        role.Base: palette.background,
        role.AlternateBase: palette.panel,
        role.Button: palette.raised,
        role.ToolTipBase: palette.raised,
        role.WindowText: palette.text,
        role.Text: palette.text,
        role.ButtonText: palette.text,
        role.ToolTipText: palette.text,
        role.BrightText: palette.strong,
        role.PlaceholderText: palette.secondary,
        role.Highlight: palette.accent_fill,
        role.HighlightedText: palette.strong,
        role.Accent: palette.accent,
        role.Link: palette.accent,
        role.LinkVisited: palette.accent,
        role.Light: palette.outline,
        role.Midlight: palette.line,
        role.Mid: palette.line,
        role.Dark: palette.background,
        role.Shadow: palette.background,
    }
    for where, colour in colours.items():
        made.setColor(where, QColor(colour))
    for where in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, where, QColor(palette.disabled))
    return made


def stylesheet(palette: Palette = PALETTE) -> str:
    """The one stylesheet, from `resources/theme.qss` with the palette's names filled in."""
    template = string.Template(resource_path("theme.qss").read_text(encoding="utf-8"))
    icons = resource_path("icons").as_posix()
    return template.substitute(asdict(palette), icons=icons)
