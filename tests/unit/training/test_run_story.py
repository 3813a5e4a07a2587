"""What a run's events add up to."""

from __future__ import annotations

import pytest

from training.plan import DataPlan, TrainingPlan
from training.recipes import plan_of, recipe_of
from training.running.events import (
    Changed,
    Checked,
    EpochDone,
    Failed,
    Looked,
    RunEvent,
    Scored,
    Started,
    Step,
    Stopped,
    Told,
    WatchedFilm,
    Watching,
    event_line,
    parse_event,
)
from training.running.run_story import Dot, Stage, Story, told_on

BATCH = 32  # of the recipe


@pytest.fixture
def plan() -> TrainingPlan:
    return plan_of(recipe_of("standard"), "films", DataPlan("films"))


def started(time: float = 10.0) -> Started:
    return Started(time, epochs=4, training=10 * BATCH, validation=50, left_out=3, threads=2, device="cpu")


def learnt(step: int, time: float = 11.0) -> Step:
    return Step(time, step, (step - 1) // 10, loss=1.0 / step, rate=1.0, films_per_second=64.0)


def epoch(number: int, time: float, *, is_best: bool = True) -> EpochDone:
    return EpochDone(time, number, 0.5, {"validation_loss": 0.6, "auc": 0.9}, 0.9, is_best)


def test_time_left_counts_films_at_the_present_speed_and_the_judging_of_epochs(plan: TrainingPlan) -> None:
    assert plan.learning.batch * plan.learning.accumulate == BATCH
    story = told_on(Story(), [started()], plan)
    assert (story.stage, story.steps, story.seconds_left) == (Stage.LEARNING, 40, None)
    story = told_on(story, [learnt(10, 15.0), epoch(0, 17.0)], plan)
    assert story.share == 0.25
    assert story.seconds_left == pytest.approx(3 * 10 * BATCH / 64.0 + 3 * 2.0)


def test_the_speed_is_the_median_of_the_last_steps(plan: TrainingPlan) -> None:
    speeds = [1e6] * 30 + [50.0] * 15 + [1e6] * 5
    events: list[RunEvent] = [started()]
    events += [Step(12.0, place + 1, 0, 0.5, 1.0, speed) for place, speed in enumerate(speeds)]
    assert told_on(Story(), events, plan).films_per_second == 50.0


def test_what_is_learnt_again_after_a_kill_is_drawn_once(plan: TrainingPlan) -> None:
    story = told_on(Story(), [started(), learnt(10), epoch(0, 12.0), learnt(20), epoch(1, 13.0), learnt(25)], plan)
    again = told_on(story, [Told(20.0, "Reading the list of films"), started(21.0)], plan)
    assert again.words[-1].text.startswith("Goes on")
    again = told_on(again, [learnt(20, 22.0), epoch(1, 23.0, is_best=False)], plan)
    assert [dot.at for dot in again.training_loss] == [1.0, 2.0]
    assert again.validation_loss == (Dot(1.0, 0.6), Dot(2.0, 0.6))
    assert [measured.epoch for measured in again.judged] == [0, 1]
    assert again.best is not None
    assert again.best.epoch == 0


def test_counts_take_one_line_and_warnings_keep_their_tone(plan: TrainingPlan) -> None:
    events: list[RunEvent] = [Told(1.0, f"Decoding films: {done} of 9") for done in range(1, 10)]
    events += [Checked(2.0, "red", "Leak", "One patient stands in two parts."), Changed(3.0, 5, "Memory ran out.")]
    story = told_on(Story(), events, plan)
    assert [(word.tone, word.text) for word in story.words] == [
        ("", "Decoding films: 9 of 9"),
        ("red", "Leak: One patient stands in two parts."),
        ("amber", "Memory ran out."),
    ]
    assert (story.stage, story.busy) == (Stage.PREPARING, "Decoding films: 9 of 9")


def test_an_end_is_taken_back_by_a_worker_that_goes_on(plan: TrainingPlan) -> None:
    story = told_on(Story(), [started(), Failed(12.0, 3, "The disk may be full.")], plan)
    assert (story.stage, story.why, story.stage.is_over) == (Stage.FAILED, "The disk may be full.", True)
    assert told_on(story, [Told(13.0, "Waiting for another run to end")], plan).stage is Stage.WAITING
    assert told_on(story, [Stopped(14.0, 3)], plan).stage is Stage.STOPPED
    assert told_on(story, [Told(13.0, "Judging the model")], plan).why == ""


def test_a_long_night_of_steps_stays_small(plan: TrainingPlan) -> None:
    many = 40 * 1000
    events: list[RunEvent] = [Started(1.0, 1000 * 4, 10 * BATCH, 50, 0, 1, "cpu")]
    events += [learnt(step) for step in range(1, many, 8)]
    story = told_on(Story(), events, plan)
    assert len(story.training_loss) <= 2_001
    ats = [dot.at for dot in story.training_loss]
    assert ats == sorted(ats)
    assert story.training_loss[-1].value == pytest.approx(1.0 / story.step)


def test_watched_films_have_their_scores_now_and_before(plan: TrainingPlan) -> None:
    films = (WatchedFilm("a.png", 0, "NORMAL"), WatchedFilm("b.png", 3, "MASS"))
    story = told_on(Story(), [started(), Watching(11.0, films), Scored(12.0, 10, (0.5, 0.4))], plan)
    assert (story.watched, story.scores, story.scores_before) == (films, (0.5, 0.4), ())
    story = told_on(story, [Scored(13.0, 20, (0.6, 0.7))], plan)
    assert (story.scores, story.scores_before, story.scored_at) == ((0.6, 0.7), (0.5, 0.4), 20)
    again = told_on(story, [started(), Watching(20.0, films)], plan)
    assert (again.scores, again.scores_before) == ((), ()), "a worker that goes on looks anew"


def test_a_quick_run_counts_the_films_that_were_looked_at() -> None:
    quick = plan_of(recipe_of("quick"), "films", DataPlan("films"))
    story = told_on(Story(), [started(), Looked(11.0, 80)], quick)
    assert (story.steps, story.looked, story.share) == (0, 80, 0.25)
    assert parse_event(event_line(Watching(1.0, (WatchedFilm("é.png", 2, "MASS"),)))) is not None
