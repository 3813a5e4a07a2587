from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gui.dialogs import check_words
from gui.second_reader.check_work import Outcome
from inference.bundles.card import Measure
from inference.scoring.local_table import LocalTable
from tests.answers import check_of, chosen_model
from tests.bundles import card_of, multi_label_card

CARD = card_of()
MODEL = chosen_model(CARD)


def finding_of(table: LocalTable, **changes: Any) -> LocalTable:
    finding = replace(table.findings["OPACITY"], **changes)
    return replace(table, findings={"OPACITY": finding})


def test_the_folders_are_named_as_the_models_labels() -> None:
    assert "called NORMAL and OPACITY;" in check_words.what_to_drop(MODEL)
    multi = multi_label_card()
    assert "EFFUSION, MASS and NODULE" in check_words.what_to_drop(replace(MODEL, card=multi))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (Measure(0.9, 0.85, 0.94), "worse"),
        (Measure(0.9, 0.8, 0.96), "as promised"),
        (Measure(0.99, 0.96, 1.0), "better"),
    ],
)
def test_a_measure_is_worse_only_where_chance_does_not_explain_it(own: Measure, said: str) -> None:
    finding = finding_of(check_of(), sensitivity=own).findings["OPACITY"]
    assert check_words.verdict_words("sensitivity", finding, Measure(0.95, 0.9, 0.98)) == said
    assert check_words.verdict_words("sensitivity", finding, None) == ""


def test_a_calibration_error_is_held_against_chance() -> None:
    finding = finding_of(check_of(), calibration_error=Measure(0.05, 0.02, 0.2)).findings["OPACITY"]
    assert check_words.verdict_words("calibration_error", finding, Measure(0.001, 0.0, 0.002)) == "within chance"
    bad = replace(finding, calibration_by_chance=0.04)
    assert check_words.verdict_words("calibration_error", bad, None) == "too large"


def test_the_card_promises_by_its_counts_where_it_names_no_measure() -> None:
    found = check_words.promised(MODEL, "OPACITY")
    assert found["sensitivity"] is not None
    assert (found["sensitivity"].value, found["auc"]) == (0.95, None)


def test_what_weakens_a_check_is_said() -> None:
    table = check_of()
    assert check_words.warnings(table, None, "OPACITY") == []
    weak = replace(table, films=20, trained_on=3)
    said = check_words.warnings(weak, Outcome(weak, (), lists_training=True), "OPACITY")
    assert [text.split(" ")[:2] for text in said] == [["The", "model"], ["Fewer", "than"]]
    assert "trained on 3 films of yours" in said[0]
    unknown = check_words.warnings(table, Outcome(table, (), lists_training=False), "OPACITY")
    assert "does not list" in unknown[0]
    one_kind = finding_of(table, operating=None, healthy=0, ill=120)
    assert check_words.warnings(one_kind, None, "OPACITY")[0].startswith("All films are ill")


def test_the_films_are_counted_in_words() -> None:
    table = replace(check_of(), gated=2, refused=1)
    said = "120 films of 110 patients · 2026-11-21 · 2 kept out by the gate · 1 could not be read"
    assert check_words.films_words(table) == said
