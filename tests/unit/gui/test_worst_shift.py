"""Which row of the changed films stands out."""

from __future__ import annotations

import pytest

from gui.wizard.result_cards import worst_shift


def row(auc: float, sensitivity: float, specificity: float) -> dict[str, float]:
    return {"auc": auc, "sensitivity": sensitivity, "specificity": specificity}


@pytest.mark.parametrize(
    ("shifts", "worst"),
    [
        ({}, ""),
        ({"as collected": row(1.0, 1.0, 1.0), "darker": row(1.0, 1.0, 1.0)}, ""),
        ({"as collected": row(0.9, 0.9, 0.9), "darker": row(0.8, 0.9, 0.9), "noisy": row(0.85, 0.1, 0.1)}, "darker"),
        ({"as collected": row(1.0, 1.0, 1.0), "darker": row(1.0, 0.9, 1.0), "noisy": row(1.0, 1.0, 0.8)}, "noisy"),
    ],
)
def test_the_worst_change_is_never_the_films_as_they_are_by_chance(
    shifts: dict[str, dict[str, float]], worst: str
) -> None:
    assert worst_shift(shifts) == worst
