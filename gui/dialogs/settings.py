"""The settings, drawn from their schema. Each change counts at once; what the administrator has set is shown greyed."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.dialogs.base import MARGIN_PX
from gui.panels.box import label, rule
from gui.preferences import Preferences
from gui.settings import SCHEMA, Row, Value
from gui.theme import CONTROL_HEIGHT_PX, font
from imaging.site import LOCKED

WIDTH_PX, LABEL_PX, EDITOR_PX = 600, 220, 260
ROOM_PX = 80  # of the screen, for its bars and the title


class SettingsDialog(QDialog):
    """Not modal: the film behind it shows what a setting does. It destroys itself when it is closed."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.editors: dict[str, QWidget] = {}
        self._notes: dict[str, QLabel] = {}
        whole = QVBoxLayout(self)
        whole.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, 16)
        whole.setSpacing(12)
        title = label("Settings", tone="strong")
        title.setFont(font("title"))
        whole.addWidget(title)
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(12)
        for group, of_group in groupby(SCHEMA, key=lambda row: row.group):
            column.addWidget(rule())
            column.addLayout(self._group(group, tuple(of_group)))
        column.addStretch(1)
        scrolled = QScrollArea()
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidgetResizable(True)
        scrolled.setWidget(rows)
        scrolled.viewport().setAutoFillBackground(False)
        rows.setAutoFillBackground(False)
        whole.addWidget(scrolled, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        whole.addWidget(buttons)
        self.setFixedWidth(WIDTH_PX)
        chrome = 2 * MARGIN_PX + title.sizeHint().height() + buttons.sizeHint().height() + 24
        wanted = rows.sizeHint().height() + chrome
        self.resize(WIDTH_PX, min(wanted, self.screen().availableGeometry().height() - ROOM_PX))
        preferences.changed.connect(self.refresh)
        self.refresh()

    def _group(self, name: str, rows: tuple[Row, ...]) -> QVBoxLayout:
        heading = label(name.upper(), tone="secondary")
        heading.setFont(font("heading"))
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for row in rows:
            editor = self.editors[row.key] = self._editor(row)
            editor.setAccessibleName(row.label)
            note = self._notes[row.key] = label(tone="secondary", wrap=True)
            note.setFont(font("small"))
            cell = QVBoxLayout()
            cell.setSpacing(2)
            cell.addWidget(editor)
            cell.addWidget(note)
            if isinstance(editor, QCheckBox):
                form.addRow(cell)
                continue
            named = label(row.label)
            named.setBuddy(editor)
            named.setFixedSize(LABEL_PX, CONTROL_HEIGHT_PX)
            editor.setFixedWidth(EDITOR_PX)
            form.addRow(named, cell)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(heading)
        column.addLayout(form)
        return column

    def _editor(self, row: Row) -> QWidget:
        key = row.key
        if isinstance(row.default, bool):
            tick = QCheckBox(row.label)
            tick.toggled.connect(lambda on: self._change(key, on))
            return tick
        if row.choices:
            box = QComboBox()
            for choice in row.choices:
                box.addItem(choice.label, choice.value)
            box.activated.connect(lambda _: self._change(key, str(box.currentData())))
            return box
        number = QDoubleSpinBox()
        number.setRange(row.low or 0.0, row.high or 1.0)
        number.setSingleStep(0.25)
        number.setKeyboardTracking(False)
        number.lineEdit().setTextMargins(8, 0, 0, 0)
        number.valueChanged.connect(lambda value: self._change(key, float(value)))
        return number

    def note(self, key: str) -> QLabel:
        """What stands below a row."""
        return self._notes[key]

    def _change(self, key: str, value: Value) -> None:
        self._preferences.change(key, value)

    def refresh(self) -> None:
        """What is in force now, wherever it was changed."""
        settings = self._preferences.settings
        for row in SCHEMA:
            editor, locked = self.editors[row.key], row.key in settings.locked
            editor.blockSignals(True)
            if isinstance(editor, QCheckBox):
                editor.setChecked(settings.flag(row.key))
            elif isinstance(editor, QComboBox):
                editor.setCurrentIndex(editor.findData(settings.text(row.key)))
            elif isinstance(editor, QDoubleSpinBox):
                editor.setValue(settings.number(row.key))
            editor.blockSignals(False)
            editor.setEnabled(not locked)
            note = self._notes[row.key]
            note.setText(LOCKED if locked else row.help)
            note.setVisible(bool(note.text()))
