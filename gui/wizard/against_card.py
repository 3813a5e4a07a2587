"""The model of a run beside the one that it started from, on the same kept films, and whether it took its place."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from gui.films.entries import label_name
from gui.panels.box import label, set_tone
from gui.wizard.framed import Framed
from gui.wizard.tables import WordTable, against_cells
from gui.wizard.words import PART_NAMES

if TYPE_CHECKING:
    from training.judging.run_result import Against, AgainstRow

HEADINGS = ("Films that neither learnt from", "Finding", "Films", "Before", "Now", "Δ AUC", "DeLong", "McNemar")


class AgainstCard(Framed):
    """It hides where the run started from no model, or from one of other findings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Against the model it started from", parent)
        self.verdict = label(wrap=True)
        self.table = WordTable("Against the model it started from", HEADINGS)
        self.table.explain(
            {
                3: "The AUC of the model that the run started from",
                4: "The AUC of this run’s model",
                5: "Now less before, with its 95 % interval",
                6: "The chance of such a difference of the AUCs if there is none (DeLong)",
                7: "The chance of such different calls if both are right equally often (McNemar)",
            }
        )
        self.column.addWidget(self.verdict)
        self.column.addWidget(self.table)
        self.hide()

    def show_against(self, model: str, against: Against | None, *, is_kept_back: bool) -> None:
        self.setVisible(against is not None)
        if against is None:
            return
        self.say(against.old)
        tone, sentence = _verdict(model, against, is_kept_back=is_kept_back)
        set_tone(self.verdict, tone)
        self.verdict.setText(escape(sentence))
        self.table.show_rows([_cells(row) for row in against.rows])


def _verdict(model: str, against: Against, *, is_kept_back: bool) -> tuple[str, str]:
    """A tone and a sentence: what spoke against the new model, and what came of it."""
    if is_kept_back:
        return "amber", f"{model} was not installed, and is kept in the run’s folder. {against.worse}"
    if model.partition("@")[0] != against.old.partition("@")[0]:
        return "secondary", f"Both are among your models. {against.worse}".rstrip()
    return "green", f"Nothing speaks against {model} on these films: it has taken the place of {against.old}."


def _cells(row: AgainstRow) -> list[str]:
    return [PART_NAMES.get(row.part, row.part), label_name(row.label), *against_cells(row)]
