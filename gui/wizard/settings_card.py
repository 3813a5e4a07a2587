"""The fields of the plan: the few that matter most in a grid, and all of them in a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from gui.panels.box import label
from gui.theme import font
from gui.wizard.card import Card
from gui.wizard.fields import FieldEditor, Leaf, leaves, value_at

if TYPE_CHECKING:
    from training.plan import TrainingPlan

MAIN = {
    "preprocess.size_px": "Input size, pixels",
    "preprocess.equalise": "Equalise",
    "learning.epochs": "Epochs",
    "learning.batch": "Films in a batch",
    "learning.optimiser": "Optimiser",
    "learning.rate": "Rate",
    "learning.loss": "Loss",
    "learning.schedule": "Schedule",
    "learning.balance": "Balance of classes",
    "choice.pick": "Epoch kept by",
    "choice.stop_after": "Stop early after",
    "choice.bear_shifts": "Changed films too",
    "data.hold_out": "Validation part",
}
TIPS = {
    "preprocess.equalise": "What is done to each film’s histogram: nothing, equalisation, or CLAHE on tiles",
    "learning.loss": "BCE for one logit and for independent findings, cross-entropy for a softmax, focal for either",
    "learning.balance": "Rare classes weigh more, or are shown more often",
    "choice.pick": "The measure on the validation part that says which epoch is kept",
    "choice.stop_after": "So many epochs without a better one end the run",
    "choice.bear_shifts": "Judges each epoch on films changed in exposure, framing and sharpness too: the worst change "
    "chooses the epoch and the operating point",
    "data.hold_out": "Some patients of every kind, or a whole cluster of films that were exposed, framed and resampled "
    "alike: films from another room. With both, the worse of the two chooses the epoch and the operating point",
}
WORDS = {
    "bce": "BCE",
    "cross_entropy": "cross-entropy",
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "auc": "AUC",
    "sensitivity_at_specificity": "sensitivity at a specificity",
    "clahe": "CLAHE",
    "weights": "class weights",
    "patients": "patients",
    "clusters": "films collected otherwise",
    "sampling": "balanced sampling",
    "one_cycle": "one cycle",
    "choice.stop_after=0": "never",
    "learning.average_over_steps=0": "no average",
}
GROUPS = {
    "data": "Data",
    "preprocess": "Input",
    "network": "Network",
    "learning": "Learning",
    "choice": "Choice of an epoch",
    "augment": "Augmentation",
}
UNUSED_IN_QUICK = frozenset(key for key in MAIN if key.startswith(("learning.", "choice."))) - {"learning.balance"}
PER_ROW = 3
TREE_PX, NAMES_PX, GROUP_PX, GAP_PX = 380, 300, 36, 3


class MainFields(Card):
    """The fields that recipes differ in."""

    edited = Signal(str, object)

    def __init__(self) -> None:
        super().__init__("Learning")
        self.editors: dict[str, FieldEditor] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self.column.addLayout(self._grid)

    def make(self) -> None:
        """Once plans can be imported."""
        from training.plan import TrainingPlan

        kinds = {leaf.key: leaf.kind for leaf in leaves(TrainingPlan)}
        for number, (key, words) in enumerate(MAIN.items()):
            editor = FieldEditor(Leaf(key, kinds[key]), self, WORDS)
            editor.widget.setAccessibleName(words)
            editor.widget.setAccessibleDescription(TIPS.get(key, ""))
            editor.widget.setToolTip("\n".join(filter(None, (TIPS.get(key, ""), key))))
            editor.edited.connect(self.edited)
            row, column = divmod(number, PER_ROW)
            self._grid.addWidget(label(words, tone="secondary"), 2 * row, column)
            self._grid.addWidget(editor.widget, 2 * row + 1, column)
            self._grid.setColumnStretch(column, 1)
            self.editors[key] = editor

    def show_plan(self, plan: TrainingPlan) -> None:
        quick = plan.network.mode == "quick"
        for key, editor in self.editors.items():
            editor.show_value(value_at(plan, key))
            editor.widget.setEnabled(not (quick and key in UNUSED_IN_QUICK))
        self.word.setText("Quick training fits a head by itself" if quick else "")


class AllFields(QTreeWidget):
    """Every field of the plan, made when it is first shown."""

    edited = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editors: dict[str, FieldEditor] = {}
        self.setHeaderHidden(True)
        self.setColumnCount(2)
        self.setFixedHeight(TREE_PX)
        self.setAccessibleName("All settings")
        self.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.header().resizeSection(0, NAMES_PX)
        self.header().setStretchLastSection(True)

    def make(self) -> None:
        from training.plan import TrainingPlan

        groups: dict[str, QTreeWidgetItem] = {}
        for leaf in leaves(TrainingPlan):
            head = leaf.key.partition(".")[0] if "." in leaf.key or leaf.key in GROUPS else ""
            if head not in groups:
                groups[head] = QTreeWidgetItem([GROUPS.get(head, "Run")])
                groups[head].setFont(0, font("strong"))
                groups[head].setSizeHint(0, QSize(0, GROUP_PX))
                self.addTopLevelItem(groups[head])
                groups[head].setExpanded(True)
            inner = leaf.key.partition(".")[2] or ("on" if leaf.kind is bool else leaf.key)
            item = QTreeWidgetItem([inner.replace(".", ": ").replace("_", " ")])
            groups[head].addChild(item)
            editor = FieldEditor(leaf, self, WORDS)
            editor.edited.connect(self.edited)
            self.setItemWidget(item, 1, _spaced(editor.widget))
            self.editors[leaf.key] = editor

    def show_plan(self, plan: TrainingPlan) -> None:
        for key, editor in self.editors.items():
            editor.show_value(value_at(plan, key))
            editor.widget.setEnabled(plan.augment is not None or not key.startswith("augment."))


def _spaced(field: QWidget) -> QWidget:
    """A field with air above and below, so that rows do not touch."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, GAP_PX, 0, GAP_PX)
    row.addWidget(field)
    return holder
