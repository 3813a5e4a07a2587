"""What a plan would take, from measured steps."""

from __future__ import annotations

import dataclasses

import pytest

from imaging.progress import Cancelled, CancelToken
from training.estimate import Costs, costs_of, duration, reckoned, what_costs
from training.plan import DataPlan, StartPlan, TrainingPlan
from training.recipes import plan_of, recipe_of, with_backbone


def tiny(size_px: int = 64) -> TrainingPlan:
    plan = with_backbone(plan_of(recipe_of("standard"), "x", DataPlan("x"), StartPlan("scratch")), "tiny")
    return dataclasses.replace(plan, preprocess=dataclasses.replace(plan.preprocess, size_px=size_px))


def test_a_run_is_reckoned_from_its_films() -> None:
    plan = tiny()  # 5 epochs, batches of 32
    found = reckoned(plan, Costs(0.1, 0.02, 2.0**30, 2.0**25), 1000, 100)
    assert found.seconds == pytest.approx(5 * (100 + 2) + (3000 + 1000 + 12 * 100) * 0.005)
    assert found.memory_gb == pytest.approx(2.0)
    assert found.sentence == "About 9 minutes on this machine (1 core), about 2.0 GB of memory."
    unknown = reckoned(plan, Costs(0.1, 0.02, 0.0, 0.0), 0, 0)
    assert unknown.sentence == "About 2 minutes for each 1,000 films and epoch on this machine (1 core)."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (30, "half a minute"), (60, "a minute"), (700, "12 minutes"), (9000, "2 hours")],
)
def test_durations_say_no_more_than_is_known(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_steps_are_measured_in_a_process_of_their_own() -> None:
    small, large = (costs_of(tiny(size), CancelToken()) for size in (32, 192))
    assert 0 < small.learn_s < large.learn_s
    assert small.look_s < large.look_s
    assert small.look_s < small.learn_s


def test_a_measurement_holds_for_plans_that_differ_in_epochs_only() -> None:
    plan = tiny()
    longer = dataclasses.replace(plan, learning=dataclasses.replace(plan.learning, epochs=50))
    assert what_costs(longer) == what_costs(plan)
    assert what_costs(tiny(96)) != what_costs(plan)


def test_measuring_stops_at_once() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        costs_of(tiny(), token)
