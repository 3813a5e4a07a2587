"""The head of the Result page: which model, which part of the films and which finding; open it, save a report."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QMenu, QPushButton, QTabBar, QVBoxLayout, QWidget

from gui.films.entries import label_name
from gui.frame.plain import plain_tip, shortened
from gui.panels.box import label, set_tone
from gui.theme import font
from gui.wizard.elided_box import ElidedBox
from gui.wizard.words import PART_NAMES

if TYPE_CHECKING:
    from gui.wizard.result_work import Shown
    from training.judging.run_result import JudgedPart

FINDING_SIGNS, TITLE_SIGNS = 14, 26  # of a finding that is chosen, and of a model's name, before they are cut
KINDS = "Web page (*.html);;Markdown (*.md)"


class ResultHead(QWidget):
    """It holds what is chosen, and says in a line how the saving of a report went."""

    part_chosen = Signal()
    finding_chosen = Signal()
    open_asked = Signal()
    report_asked = Signal(object, bool)  # Path, whether it shows the films that went wrong

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.about = label(tone="strong"), label(tone="secondary", wrap=True)
        self.title.setFont(font("title"))
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self.told = label(tone="secondary", wrap=True)
        self.told.hide()
        self.parts, self.findings = QTabBar(), ElidedBox()
        self.findings.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.findings.setMinimumContentsLength(FINDING_SIGNS)
        self.save, self.open_model = QPushButton("Save report"), QPushButton("Open in the viewer")
        menu = QMenu(self.save)
        self.plain = menu.addAction("Without films…", lambda: self._ask_where(with_films=False))
        self.with_films = menu.addAction("With the films that went wrong…", lambda: self._ask_where(with_films=True))
        self.save.setMenu(menu)
        self.save.setToolTip("Curves, tables and groups as a web page or Markdown; no film is named")
        self.open_model.setProperty("kind", "primary")
        self.parts.setAccessibleName("Part of the films")
        self.parts.setDrawBase(False)
        self.parts.setUsesScrollButtons(False)
        self.parts.setElideMode(Qt.TextElideMode.ElideNone)
        self.findings.setAccessibleName("Finding")
        self._lay_out()
        self.parts.currentChanged.connect(lambda _: self.part_chosen.emit())
        self.findings.activated.connect(lambda _: self.finding_chosen.emit())
        self.open_model.clicked.connect(self.open_asked)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        for text in (self.title, self.about, self.told):
            words.addWidget(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(words, 1)
        for widget in (self.findings, self.parts, self.save, self.open_model):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def part(self) -> str:
        return str(self.parts.tabData(self.parts.currentIndex()) or "")

    @property
    def finding(self) -> str:
        return str(self.findings.currentData() or "")

    def show_result(self, shown: Shown) -> None:
        """Another run's result: its first part and finding are chosen."""
        name, _, version = shown.result.model.partition("@")
        self.title.setText(f"{shortened(name, TITLE_SIGNS)} {version}")
        self.title.setToolTip(plain_tip(name))
        self.open_model.setEnabled(bool(shown.bundle))
        self.open_model.setToolTip("" if shown.bundle else "The model of this run is not among the models any more")
        self.tell("")
        self.parts.blockSignals(True)
        while self.parts.count():
            self.parts.removeTab(0)
        for name in shown.result.parts:
            self.parts.setTabData(self.parts.addTab(PART_NAMES.get(name, name)), name)
        self.parts.blockSignals(False)
        self.findings.clear()
        for name in shown.result.parts["validation"].points:
            self.findings.addItem(label_name(name), name)
        self.findings.setVisible(self.findings.count() > 1)

    def show_part(self, title: str, part: JudgedPart) -> None:
        films = f"{len(part.films):,} films of {part.patients:,} patients"
        short = " ".join(shortened(word) for word in title.split(" "))
        self.about.setText(escape(f"{short} · {films} · 95 % intervals by patient"))

    def tell(self, sentence: str, tone: str = "secondary") -> None:
        """What came of saving; '' for nothing to say."""
        set_tone(self.told, tone)
        self.told.setText(escape(sentence))
        self.told.setVisible(bool(sentence))

    def _ask_where(self, *, with_films: bool) -> None:
        name, chosen = QFileDialog.getSaveFileName(self, "Save the report", f"{self.title.text()}.html", KINDS)
        if name:
            kind = ".md" if "*.md" in chosen else ".html"
            has_kind = name.lower().endswith((".html", ".htm", ".md"))  # 'report 1.5' ends in no kind of file
            self.report_asked.emit(Path(name if has_kind else name + kind), with_films)
