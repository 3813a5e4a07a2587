"""The bar above the film: menu, tools, view, and on the right what the AI shows and which model speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QToolButton, QWidget

from gui.frame.icons import icon
from gui.frame.plain import plain_tip
from gui.panels.box import upright
from gui.review import Review
from gui.second_reader.models import ModelName
from gui.theme import PALETTE, font
from gui.viewport.tools import TOOLS, WINDOW

HEIGHT_PX = 48
LEFT_PX = 260  # the menu stands above the list
ICON_PX = 18
KEY_PX = 22
MODELS_PX = {True: 176, False: 156}  # in a wide bar and in a narrow one

VIEWS = ("fit", "one_to_one", "invert")
TURNS = ("rotate_right", "flip")


class KeyedButton(QToolButton):
    """A button that names its key, as in 'AI overlay  G'."""

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self.setStyleSheet(f"padding: 0 {KEY_PX + 10}px 0 12px")  # room for the key, the text beside it

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(QColor(PALETTE.secondary))
        painter.setFont(font())
        where = QRect(self.width() - KEY_PX - 8, 0, KEY_PX, self.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, self._key)


class TopBar(QWidget):
    """Buttons for actions; it decides nothing. Where it is too narrow for all words, the buttons show their icons."""

    model_picked = Signal(str)

    def __init__(
        self, actions: Mapping[str, QAction], menus: Mapping[str, QMenu], review: Review, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._review = review
        self.setFixedHeight(HEIGHT_PX)
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.menu_button = _menu_button(menus.values(), self)
        self.overlay_button = KeyedButton("G")
        self.overlay_button.setDefaultAction(actions["overlay"])
        self.overlay_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.overlay_button.setIconSize(QSize(ICON_PX, ICON_PX))
        self.overlay_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.models = QComboBox()
        self.models.setAccessibleName("Model")
        self.models.setToolTip("The model that reads the films")
        self.models.setFixedWidth(MODELS_PX[True])
        self._worded: list[tuple[QToolButton, Qt.ToolButtonStyle]] = []
        self._lay_out(actions)
        self._wide_px = 0  # with all words; known once the stylesheet is in force
        self.models.activated.connect(lambda row: self.model_picked.emit(self.models.itemData(row)))
        review.model_changed.connect(self._show_model)

    def _lay_out(self, actions: Mapping[str, QAction]) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 16, 0)
        row.setSpacing(4)
        left = QWidget()
        left.setFixedWidth(LEFT_PX - 8)
        above_list = QHBoxLayout(left)
        above_list.setContentsMargins(0, 0, 0, 0)
        above_list.addWidget(self.menu_button)
        above_list.addStretch(1)
        row.addWidget(left)
        tools = [_button(actions[f"tool_{name}"], with_text=name == WINDOW) for name in TOOLS]
        views = [_button(actions[name], with_text=True, with_icon=False) for name in VIEWS]
        self._worded = [(button, button.toolButtonStyle()) for button in (tools[0], *views, self.overlay_button)]
        for button in tools:
            row.addWidget(button)
        row.addWidget(_gap())
        for button in views:
            row.addWidget(button)
        row.addWidget(_gap())
        for name in TURNS:
            row.addWidget(_button(actions[name]))
        row.addStretch(1)
        row.addWidget(self.overlay_button)
        row.addSpacing(4)
        row.addWidget(self.models)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._wide_px:
            self._wide_px = self.sizeHint().width()
        wide = self.width() >= self._wide_px
        self.models.setFixedWidth(MODELS_PX[wide])
        for button, style in self._worded:
            button.setToolButtonStyle(style if wide else Qt.ToolButtonStyle.ToolButtonIconOnly)

    def show_models(self, names: Sequence[ModelName]) -> None:
        self.models.clear()
        for name in names:
            self.models.addItem(name.id.replace("@", " "), name.id)
            self.models.setItemData(self.models.count() - 1, plain_tip(name.title), Qt.ItemDataRole.ToolTipRole)
        self._show_model()

    def _show_model(self) -> None:
        model = self._review.model
        if model is None:
            self.models.setPlaceholderText("Reading…" if self._review.model_reading else "No model")
            self.models.setCurrentIndex(-1)
            return
        if self.models.findData(model.id) < 0:
            self.models.addItem(model.title, model.id)
        self.models.setCurrentIndex(self.models.findData(model.id))


def _menu_button(menus: Iterable[QMenu], parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText("Negatoscope")
    button.setIcon(icon("list"))
    button.setIconSize(QSize(ICON_PX, ICON_PX))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFont(font("strong"))
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setAccessibleName("Menu")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    menu = QMenu(button)
    for inner in menus:
        menu.addMenu(inner)
    button.setMenu(menu)
    return button


def _button(action: QAction, *, with_text: bool = False, with_icon: bool = True) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(ICON_PX, ICON_PX))
    if with_text and with_icon:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    elif with_text:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    # The keyboard has every action already; a click must not take the arrow keys from the film.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _gap() -> QWidget:
    holder = QWidget()
    holder.setFixedSize(17, 20)
    line = upright(holder)
    line.setGeometry(8, 0, 1, 20)
    return holder
