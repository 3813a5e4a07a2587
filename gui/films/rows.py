"""What the rows of the list say, from films and scores: words, flags, and which ones a filter shows. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from gui.films.entries import RowWords, Stage, Tone
from gui.films.films import Films
from gui.second_reader.scores import ScoreBook


class Filter(StrEnum):
    """Which rows the list shows. Nothing is ever removed: the others are one click away.

    REFUSED: what has a reason in the place of a score, be it a file that can't be read or a film outside the gate.
    """

    ALL = "All"
    FLAGGED = "Flagged"
    REFUSED = "Refused"


class Rows:
    """Computes nothing: scores that are stored are read at the operating point in force, while the AI is visible."""

    def __init__(self, films: Films, scores: ScoreBook, ai_visible: Callable[[], bool]) -> None:
        self._films = films
        self._scores = scores
        self._ai_visible = ai_visible

    def is_flagged(self, row: int) -> bool:
        """Whether a row carries a flag at the operating point in force."""
        entry = self._films.entries[row]
        return entry.key in self._scores.flagged and not entry.refusal

    def shown(self, chosen: Filter) -> Sequence[int]:
        """The rows that a filter lets through, in their order. Fast enough to be asked for while a slider moves."""
        films = self._films
        if chosen is Filter.ALL:
            return range(len(films.entries))
        if chosen is Filter.REFUSED:
            silent = (films.row_of(key) for key in (self._scores.silent if self._ai_visible() else ()))
            return sorted(films.refused.union(row for row in silent if row >= 0))
        found = (films.row_of(key) for key in self._scores.flagged) if self._ai_visible() else ()
        return sorted(row for row in found if row >= 0 and not films.entries[row].refusal)

    def count(self, chosen: Filter) -> int:
        return len(self.shown(chosen))

    def next_flagged(self, after: int) -> int:
        """The next flagged row after one, round the end; -1 where there is none, or the AI is hidden."""
        rows = self.shown(Filter.FLAGGED)
        return next((row for row in rows if row > after), rows[0] if rows else -1)

    def words(self, row: int) -> RowWords:
        """What a row says about its film."""
        entry = self._films.entries[row]
        if entry.refusal:
            return RowWords(f"Refused: {entry.refusal}", Tone.REFUSED)
        if not self._ai_visible():
            return RowWords("AI hidden", Tone.QUIET)
        stage = self._films.stage(entry.key)
        return self._scores.words(entry.key) or _stage_words(stage, self._scores.failure(entry.key))


def _stage_words(stage: Stage, failure: str) -> RowWords:
    if stage is Stage.FAILED:
        return RowWords(f"No score: {failure}", Tone.QUIET)
    if stage is Stage.ANALYSING:
        return RowWords("Analysing…", Tone.BUSY)
    words = {Stage.WAITING: "Waiting", Stage.STOPPED: "Stopped", Stage.IDLE: "Not analysed", Stage.DONE: "Not analysed"}
    return RowWords(words[stage], Tone.QUIET)
