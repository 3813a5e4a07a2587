"""The lists of the wizard: what comes from files is no markup in them, and words are words."""

from __future__ import annotations

from typing import Any

from gui.wizard.left_out_card import LeftOutList
from gui.wizard.told_card import ToldCard
from training.films.left_out import LeftOut
from training.running.run_story import Word


def test_a_file_that_is_called_like_markup_is_listed_by_its_name(qtbot: Any) -> None:
    films = LeftOutList()
    qtbot.addWidget(films)
    films.show_films([LeftOut("/films/<h1>a\nb.png", 0, "It can't be read.")])
    item = films.topLevelItem(0)
    assert item is not None
    assert item.text(0) == "<h1>a b.png"
    assert "<h1>" not in item.toolTip(0)


def test_what_happened_reads_the_same_in_its_tip(themed: Any, qtbot: Any) -> None:
    card = ToldCard()
    qtbot.addWidget(card)
    card.show_words((Word(1.0, "", "The file <b> can't be read."),))
    item = card.words.item(0)
    assert item.text().endswith("The file <b> can't be read.")
    assert item.toolTip().startswith("<p>"), "escaped words are read as rich text"
    assert "<b>" not in item.toolTip()
