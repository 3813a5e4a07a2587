"""A widget that shows one film: its window, how it lies, the overlay, the corners. No mouse yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.viewport.corner_text import CornerText, TextMode, compose
from gui.viewport.geometry import Sizing, limited_zoom, sized
from gui.viewport.message import Message, paint_message
from gui.viewport.prepared import PreparedFilm
from gui.viewport.scene import Overlay, Scene, Shown
from gui.viewport.words import display_words, mark_words, size_words
from imaging.show.orientation import edge_letters
from imaging.show.transform import Point, Size, ViewTransform

if TYPE_CHECKING:
    from gui.viewport.painting import ScenePainter
    from imaging.heatmap import GridRect
    from imaging.image import Voi
    from imaging.show.table import DisplayTable

BEHIND_FILM = "#000000"  # a light box is dark around the film, whatever the window's colours


@dataclass(frozen=True, slots=True)
class FilmState:
    """How a film is seen. Given back to `show_film`, it finds the film as it was left."""

    voi: Voi
    inverted: bool = False
    transform: ViewTransform = field(default_factory=ViewTransform)
    sizing: Sizing = Sizing.FIT


@dataclass(frozen=True, slots=True, eq=False)
class _Film:
    """The film in the view and what follows from its state."""

    prepared: PreparedFilm
    state: FilmState
    table: DisplayTable

    def seen(self, state: FilmState) -> _Film:
        """The same film in another state; the table is made again only where it differs."""
        same = (state.voi, state.inverted) == (self.state.voi, self.state.inverted)
        return replace(self, state=state, table=self.table if same else _table(self.prepared, state))


def _table(prepared: PreparedFilm, state: FilmState) -> DisplayTable:
    from imaging.show.table import display_table

    return display_table(prepared.image, state.voi, invert=state.inverted)


class FilmDisplay(QWidget):
    """Shows a film, or a message where there is none. Scales are device pixels a film pixel."""

    view_changed = Signal()  # window, zoom, position, rotation or inversion: whatever was shown before is out of date

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: _Film | None = None
        self._opening = Sizing.FIT
        self._overlay: Overlay | None = None
        self._ai_visible = False
        self._graphics_shown = True
        self._outline: GridRect | None = None
        self._text = CornerText()
        self._mode = TextMode.FULL
        self._position = ""
        self._message: Message | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAccessibleName("Film")

    # What is shown

    def show_film(self, film: PreparedFilm | None, state: FilmState | None = None) -> None:
        """Show a film as `state` has it, or as it opens; None empties the view. Overlay and corners stay."""
        self._film = None
        if film is not None:
            state = state or FilmState(film.voi, sizing=self._opening)
            self._film = _Film(film, state, _table(film, state))
            self._film = self._film.seen(self._resized(state))
        self._changed()

    def set_message(self, title: str | None, detail: str = "", icon: str = "") -> None:
        """Show words in place of the film (empty, waiting, refused); None shows the film again."""
        self._message = None if title is None else Message(title, detail, icon)
        self.setAccessibleDescription("" if title is None else f"{title}. {detail}")
        self.update()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Paint a heat map over the film, or none."""
        self._overlay = overlay
        self.update()

    def set_ai_visible(self, visible: bool) -> None:
        """Whether anything of the model is on the screen: the film then says what that is worth."""
        self._ai_visible = visible
        self.update()

    def set_outline(self, outline: GridRect | None) -> None:
        """Frame a part of the film, in shares of its sides, or none."""
        self._outline = outline
        self.update()

    def set_graphics_shown(self, shown: bool) -> None:
        """Whether what files draw over their films is painted; where it is not, the film says so."""
        self._graphics_shown = shown
        self.update()

    @property
    def corner_text(self) -> CornerText:
        """What the corners say of the film."""
        return self._text

    def set_corner_text(self, text: CornerText, mode: TextMode | str | None = None) -> None:
        """What the corners say of the film; `mode` as in `set_text_mode`."""
        self._text = text
        if mode is not None:
            self._mode = TextMode(mode)
        self.update()

    def set_text_mode(self, mode: TextMode | str) -> None:
        """Full, short or off. Marks and letters stay."""
        self._mode = TextMode(mode)
        self.update()

    def set_position_text(self, text: str) -> None:
        """'Film 3 of 40'."""
        self._position = text
        self.update()

    @property
    def film(self) -> PreparedFilm | None:
        return self._film.prepared if self._film else None

    @property
    def state(self) -> FilmState | None:
        """How the film is seen now, for `show_film`."""
        return self._film.state if self._film else None

    @property
    def overlay(self) -> Overlay | None:
        return self._overlay

    @property
    def text_mode(self) -> TextMode:
        return self._mode

    @property
    def transform(self) -> ViewTransform:
        return self._film.state.transform if self._film else ViewTransform()

    @property
    def sizing(self) -> Sizing:
        return self._film.state.sizing if self._film else self._opening

    @property
    def voi(self) -> Voi | None:
        return self._film.state.voi if self._film else None

    @property
    def inverted(self) -> bool:
        return bool(self._film and self._film.state.inverted)

    # What the reader may ask for

    def set_voi(self, voi: Voi) -> None:
        if (state := self.state) is not None:
            self._become(replace(state, voi=voi))

    def set_inverted(self, inverted: bool) -> None:
        if (state := self.state) is not None:
            self._become(replace(state, inverted=inverted))

    def set_opening_sizing(self, sizing: Sizing | str) -> None:
        """How films open from now on."""
        self._opening = Sizing(sizing)

    def set_sizing(self, sizing: Sizing | str) -> None:
        if (state := self.state) is not None:
            self._become(replace(state, sizing=Sizing(sizing)))

    def fit(self) -> None:
        """The whole film, and so again whenever the view's size changes."""
        self.set_sizing(Sizing.FIT)

    def fill(self) -> None:
        """No part of the view without film, and so again whenever the view's size changes."""
        self.set_sizing(Sizing.FILL)

    def one_to_one(self) -> None:
        """One film pixel to one device pixel, whatever the screen's scaling."""
        self.set_sizing(Sizing.ONE_TO_ONE)

    def zoom_by(self, factor: float, at_device: Point | None = None) -> None:
        """Zoom with the point under the cursor, or the middle of the view, staying where it is."""
        if self._film is None:
            return
        height, width = self.device_px
        factor = limited_zoom(self.transform, factor, self._film.prepared.size_px, self.device_px)
        at_device = at_device or (width / 2, height / 2)
        self._move(self.transform.zoomed_at(at_device, factor, self.device_px), Sizing.FREE)

    def pan_by(self, step_device: Point) -> None:
        """Move the film by so many device pixels, but never out of the view's middle."""
        if self._film is None:
            return
        moved = self.transform.panned(step_device)
        height, width = self._film.prepared.size_px
        x, y = moved.center_image_px
        held = (min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height)))
        self._move(replace(moved, center_image_px=held), Sizing.FREE)

    def rotate(self, quarters: int = 1) -> None:
        """Turn clockwise as seen."""
        self._move(self.transform.rotated(quarters), self.sizing)

    def flip_horizontal(self) -> None:
        """Mirror left to right as seen."""
        self._move(self.transform.flipped_horizontal(), self.sizing)

    def flip_vertical(self) -> None:
        """Mirror top to bottom as seen."""
        self._move(self.transform.flipped_vertical(), self.sizing)

    def reset(self) -> None:
        """As the film opened: its own window, upright, fitted."""
        if self._film is not None:
            self._become(FilmState(self._film.prepared.voi, sizing=self._opening))

    # Inner works

    @property
    def device_px(self) -> Size:
        """The view's height and width in device pixels."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.height() * ratio)), max(1, round(self.width() * ratio))

    def _become(self, state: FilmState) -> None:
        """Show the film in this state, fitted to the view as its sizing asks."""
        if self._film is not None:
            self._film = self._film.seen(self._resized(state))
            self._changed()

    def _move(self, transform: ViewTransform, sizing: Sizing) -> None:
        if (state := self.state) is not None:
            self._become(replace(state, transform=transform, sizing=sizing))

    def _view_resized(self) -> None:
        if (state := self.state) is not None:
            self._become(state)

    def _resized(self, state: FilmState) -> FilmState:
        assert self._film is not None
        film = self._film.prepared
        lying = replace(state.transform, aspect=film.image.pixel_aspect)
        return replace(state, transform=sized(lying, state.sizing, film.size_px, self.device_px))

    def _changed(self) -> None:
        self.update()
        self.view_changed.emit()

    @cached_property
    def _painter(self) -> ScenePainter:
        from gui.viewport.painting import ScenePainter

        return ScenePainter()

    def _scene(self, film: _Film) -> Scene:
        state = film.state
        image = film.prepared.image
        ai_visible = self._ai_visible or self._overlay is not None
        display = display_words(
            self._position,
            state.voi,
            state.transform.zoom,
            inverted=state.inverted,
            size=size_words(image),
            quarters=state.transform.rotation_quarter,
        )
        mirrored = state.transform.flip_horizontal
        marks = mark_words(image, ai_visible=ai_visible, graphics_shown=self._graphics_shown, mirrored=mirrored)
        return Scene(
            Shown(film.prepared, film.table, state.transform),
            self._overlay,
            film.prepared.graphics if self._graphics_shown else None,
            self._outline,
            compose(self._text, display, marks, self._mode),
            edge_letters(image.header, state.transform),
        )

    def sizeHint(self) -> QSize:
        return QSize(800, 800)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        whole = self._film is not None and self._message is None and self.devicePixelRatioF().is_integer()
        if not whole:  # else the film's picture covers every pixel
            painter.fillRect(self.rect(), QColor(BEHIND_FILM))
        if self._message is not None:
            paint_message(painter, self._message, QRectF(self.rect()), self.devicePixelRatioF())
        elif self._film is not None:
            self._painter.paint(painter, self._scene(self._film), QSizeF(self.size()), self.devicePixelRatioF())
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._view_resized()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._view_resized()
        return super().event(event)
