"""The curves of a run side by side: the loss, what is measured on the validation part, and the learning rate."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui.theme import PALETTE
from gui.wizard.curves import CurvePlot, Line
from gui.wizard.framed import Framed
from gui.wizard.run_work import Seen
from training.running.run_story import Dot, Story

FIRST, NOT_YET = "Drawn with the first steps", "Drawn when the first epoch is judged"
MEASURES = {
    "loss": "Validation loss",
    "accuracy": "Accuracy",
    "recall": "Sensitivity",
    "auc": "AUC",
    "sensitivity_at_specificity": "Sensitivity at the wanted specificity",
}


class RunCurves(QWidget):
    """Three cards in a row; none for a quick run, which fits its head at once and has no epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss = CurvePlot("Loss", FIRST)
        self.measure = CurvePlot("Validation", NOT_YET)
        self.rate = CurvePlot("Learning rate", FIRST)
        self.measure_card = Framed("Validation")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        cards = (Framed("Loss"), self.measure_card, Framed("Learning rate"))
        for card, plot in zip(cards, (self.loss, self.measure, self.rate), strict=True):
            plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as there is room
            card.column.addWidget(plot, 1)
            row.addWidget(card, 1)

    def show_run(self, seen: Seen) -> None:
        story, pick = seen.story, seen.plan.choice.pick
        self.setVisible(seen.plan.network.mode != "quick")
        best = float(story.best.epoch + 1) if story.best is not None else None
        lines = (
            Line("training", PALETTE.accent, story.training_loss),
            Line("validation", PALETTE.green, story.validation_loss, dotted=True),
        )
        self.loss.show_lines(lines, story.epochs, best)
        picked = _measure_line(story, pick)
        self.measure_card.heading.setText(f"{MEASURES[pick]}, picks the epoch".upper())
        others = [_measure_line(story, name, PALETTE.secondary) for name in ("accuracy", "auc") if name != pick]
        self.measure.show_lines([picked, *others], story.epochs, best)
        rate = [Dot(dot.at, dot.value * seen.plan.learning.head_rate) for dot in story.rate]
        self.rate.show_lines([Line("rate", PALETTE.accent, rate)], story.epochs)


def _measure_line(story: Story, name: str, colour: str = PALETTE.green) -> Line:
    key = "validation_loss" if name == "loss" else name
    dots = [Dot(float(after.epoch + 1), after.measures[key]) for after in story.judged if key in after.measures]
    return Line(MEASURES[name].partition(" at ")[0].lower().replace("auc", "AUC"), colour, dots, dotted=True)
