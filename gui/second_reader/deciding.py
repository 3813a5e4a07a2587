"""Use case: the reader agrees, disagrees or notes something. Stored at once, and undone like everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from gui.films.entries import label_name
from gui.memory import Memory
from gui.review import Review
from gui.second_reader.decision import Decision, Verdict, utc_now
from imaging.study import ImageRef

Slot = tuple[str, str, str]  # film key, label, weights sha256


class Deciding(QObject):
    """Decisions of this session by film, label and weights, with those that earlier sessions stored."""

    decision_changed = Signal(str, str)  # film key, label

    def __init__(self, review: Review, memory: Memory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._memory = memory
        self._decisions: dict[Slot, Decision] = {}
        self._recalled: set[str] = set()
        self._changed_key = ""  # the film of the last change
        self.undo_stack = QUndoStack(self)
        review.film_selected.connect(self._recall)
        review.films_closed.connect(self._forget)

    def decision(self, key: str, label: str) -> Decision | None:
        """What the reader last said of a finding of the chosen model."""
        model = self._review.model
        return self._decisions.get((key, label, model.weights_sha256)) if model is not None else None

    def decide(self, label: str, verdict: Verdict) -> None:
        """Agree or disagree with a finding of the selected film; the same again takes it back."""
        entry = self._review.selected_film
        if entry is None:
            return
        before = self.decision(entry.key, label)
        same = before is not None and before.verdict is verdict
        self._push(entry.key, label, Verdict.NONE if same else verdict, before.note if before is not None else "")

    def write_note(self, key: str, label: str, note: str) -> None:
        """Note something beside a finding of a film, which need not be the selected one any more."""
        before = self.decision(key, label)
        if note != (before.note if before is not None else ""):
            self._push(key, label, before.verdict if before is not None else Verdict.NONE, note)

    def undo(self) -> None:
        """Take the last decision back, on its film: nothing that was decided changes out of sight."""
        self._step(self.undo_stack.undo)

    def redo(self) -> None:
        """Decide again what was taken back, likewise."""
        self._step(self.undo_stack.redo)

    def _step(self, step: Callable[[], None]) -> None:
        self._changed_key = ""
        step()
        if self._changed_key:
            self._review.select(self._review.row_of(self._changed_key))

    def _push(self, key: str, label: str, verdict: Verdict, note: str) -> None:
        row, model = self._review.row_of(key), self._review.model
        entry = self._review.entries[row] if row >= 0 else None
        if entry is None or entry.ref is None or model is None:
            return
        found = [item for item in self._review.findings(entry.key) if item.label == label]
        if not found:
            return
        made = Decision(
            film_sha256="",  # known to the store lane, which reads the file
            frame=entry.ref.frame,
            label=label,
            verdict=verdict,
            note=note,
            model=model.id,
            weights_sha256=model.weights_sha256,
            operating_point=found[0].operating_point,
            probability=found[0].probability,
            decided_at=utc_now(),
            insisted=self._review.is_insisted(entry.key),
        )
        slot = (entry.key, label, model.weights_sha256)
        ref = entry.ref
        before = self._decisions.get(slot)
        self.undo_stack.push(_Change(_words(made), before, made, lambda new: self._put(slot, ref, new)))

    def _put(self, slot: Slot, ref: ImageRef, decision: Decision) -> None:
        self._decisions[slot] = decision
        self._changed_key = slot[0]
        self._memory.add_decision(ref, decision)
        self.decision_changed.emit(slot[0], slot[1])

    def _recall(self, row: int) -> None:
        """Ask the store once what earlier sessions said of the film."""
        entry = self._review.selected_film
        if entry is None or entry.ref is None or entry.key in self._recalled:
            return
        key = entry.key
        self._recalled.add(key)
        self._memory.decisions_of(entry.ref, lambda found: self._recalled_of(key, found))

    def _recalled_of(self, key: str, found: tuple[Decision, ...]) -> None:
        for decision in found:
            slot = (key, decision.label, decision.weights_sha256)
            if slot not in self._decisions:
                self._decisions[slot] = decision
                self.decision_changed.emit(key, decision.label)

    def _forget(self) -> None:
        self._decisions.clear()
        self._recalled.clear()
        self.undo_stack.clear()


class _Change(QUndoCommand):
    """From one decision to another. Taking back the first one stores that nothing is said any more."""

    def __init__(self, words: str, before: Decision | None, after: Decision, put: Callable[[Decision], None]) -> None:
        super().__init__(words)
        self._before = before if before is not None else replace(after, verdict=Verdict.NONE, note="")
        self._after = after
        self._put = put

    def redo(self) -> None:
        self._put(replace(self._after, decided_at=utc_now()))

    def undo(self) -> None:
        self._put(replace(self._before, decided_at=utc_now()))


def _words(decision: Decision) -> str:
    words = {Verdict.AGREE: "agreeing", Verdict.DISAGREE: "disagreeing", Verdict.NONE: "the note"}
    return f"{words[decision.verdict]} ({label_name(decision.label)})"
