"""What a plan would take, from measured steps."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from imaging.progress import Cancelled, CancelToken
from training.learn.estimate import Costs, costs_of, duration, reckoned, what_costs
from training.plan import DataPlan, StartPlan, TrainingPlan
from training.recipes import plan_of, recipe_of, with_backbone
from training.sealing.shifts import MOST_SHIFTED, SUITE


def tiny(size_px: int = 64) -> TrainingPlan:
    plan = with_backbone(plan_of(recipe_of("standard"), "x", DataPlan("x"), StartPlan("scratch")), "tiny")
    return dataclasses.replace(plan, preprocess=dataclasses.replace(plan.preprocess, size_px=size_px))


def test_a_run_is_reckoned_from_its_films() -> None:
    plan = tiny()  # 5 epochs, batches of 32
    costs = Costs(0.1, 0.02, 2.0**30, 2.0**25, 0.01, 3.0)
    found = reckoned(plan, costs, 1000, 100)
    sealing = (1000 + 23 * 100 + 700) + (2 * 600 + 1500 + 100)  # looks, those of the gate behind
    assert found.seconds == pytest.approx(5 * (100 + 2) + sealing * 0.008 + 1.3 * 4000 * 0.01 + 3 * 3.0)
    assert found.memory_gb == pytest.approx(2.0)
    assert found.sentence == "About 10 minutes on this machine (1 core), about 2.0 GB of memory."
    unknown = reckoned(plan, costs._replace(rest_bytes=0.0), 0, 0)
    assert unknown.sentence == "About 2 minutes for each 1,000 films and epoch on this machine (1 core)."


def test_bearing_shifts_costs_a_look_at_some_films_under_each_change() -> None:
    plan, costs = tiny(), Costs(0.1, 0.02, 0.0, 0.0, 0.01, 3.0)
    bears = dataclasses.replace(plan, choice=dataclasses.replace(plan.choice, bear_shifts=True))
    for judged, shifted in ((100, 100), (700, MOST_SHIFTED)):
        more = reckoned(bears, costs, 1000, judged).seconds - reckoned(plan, costs, 1000, judged).seconds
        assert more == pytest.approx(5 * len(SUITE) * shifted * 0.02)


def test_a_model_of_few_films_has_no_gate_to_be_fitted() -> None:
    costs = Costs(0.0, 0.02, 0.0, 0.0, 0.01, 3.0)
    quick = dataclasses.replace(tiny(), network=dataclasses.replace(tiny().network, mode="quick"))
    few, more = reckoned(quick, costs, 49, 20), reckoned(quick, costs, 50, 20)
    assert few.seconds == pytest.approx((3 * 49 + 49 + 23 * 20 + 700) * 0.008 + 3 * 3.0)
    assert more.seconds - few.seconds > 1.3 * 500 * 0.01


def test_what_the_window_reckons_with_loads_no_torch() -> None:
    code = "import sys, training.learn.estimate, training.checks.checks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode == 0


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
    assert large.look_s < large.learn_s  # of small ones the overhead decides, and so does chance
    assert 0 < small.lesson_s < small.start_s


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
