from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.jobs import Jobs
from gui.preferences import Preferences
from gui.review import Review
from gui.second_reader.models import DEFAULT_MODEL, Models, Wanted, load_model
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import QUANTISED
from inference.scoring.local_table import LocalFinding, LocalTable, write_local_table
from tests.bundles import card_of, with_quantised, write_trial_bundle


def made(jobs: Jobs, asked: str = "") -> Models:
    return Models(Review(jobs), jobs, Preferences(jobs, jobs, keep=False), asked=asked, parent=jobs)


def test_a_choice_that_is_remembered_after_the_first_films_were_found_counts(jobs: Jobs) -> None:
    models = made(jobs)
    models.use_films_own("")
    assert models.current == DEFAULT_MODEL
    models.remember("ward@3")
    assert models.current == "ward@3"


def test_what_is_remembered_loads_nothing_before_a_model_is_wanted(jobs: Jobs) -> None:
    models = made(jobs)
    models.remember("ward@3")
    assert models.current == ""
    models.use_films_own("")
    assert models.current == "ward@3"


@pytest.mark.parametrize(("asked", "films_own", "current"), [("a@1", "b@1", "a@1"), ("", "b@1", "b@1")])
def test_what_is_remembered_overrides_neither_the_command_line_nor_the_films(
    jobs: Jobs, asked: str, films_own: str, current: str
) -> None:
    models = made(jobs, asked)
    models.use_films_own(films_own)
    models.remember("ward@3")
    assert models.current == current


def test_a_late_memory_does_not_take_back_what_the_reader_has_chosen(jobs: Jobs) -> None:
    models = made(jobs)
    models.choose("other@1")
    models.remember("ward@3")
    assert models.current == "other@1"
    models.use_films_own("")
    assert models.current == "other@1"


def test_a_model_opened_by_its_path_can_be_chosen_again_by_its_name(jobs: Jobs, qtbot: QtBot, tmp_path: Path) -> None:
    kept, other = (write_trial_bundle(tmp_path / name, card_of(name=name)) for name in ("kept", "other"))
    models = made(jobs, asked=str(kept.location))
    with qtbot.waitSignal(models.models_found):
        models.look_for_models()
    with qtbot.waitSignal(models.model_loaded):
        models.use_films_own("")
    with qtbot.waitSignal(models.model_loaded):
        models.choose(str(other.location))
    with qtbot.waitSignal(models.model_loaded) as loaded:
        remembered = models.choose("kept@1")
    assert loaded.args[0].chosen.id == "kept@1"
    assert remembered == str(kept.location), "which finds it the next time too"


@pytest.fixture
def quantised(tmp_path: Path) -> ModelBundle:
    return with_quantised(write_trial_bundle(tmp_path / "float" / "trial@1"), tmp_path / "int8" / "trial@1")


@pytest.mark.parametrize(("wanted", "served"), [(True, ("onnx-cpu-int8", 0.5)), (False, ("onnx-cpu", 0.4))])
def test_the_quantised_graph_runs_where_the_settings_say_so(
    jobs: Jobs, qtbot: QtBot, quantised: ModelBundle, wanted: bool, served: tuple[str, float]
) -> None:
    preferences = Preferences(jobs, jobs, keep=False)
    preferences.change("engine", "onnx")
    preferences.change("quantised", wanted)
    models = Models(Review(jobs), jobs, preferences, parent=jobs)
    with qtbot.waitSignal(models.model_loaded) as loaded:
        models.choose(str(quantised.location))
    chosen = loaded.args[0].chosen
    assert (chosen.engine, chosen.card.operating["OPACITY"].recommended) == served


@pytest.mark.parametrize(
    ("change", "engine"), [(("quantised", True), "onnx-cpu-int8"), (("engine", "torch"), "torch-cpu")]
)
def test_a_change_of_how_models_run_acts_at_once(
    jobs: Jobs, qtbot: QtBot, quantised: ModelBundle, change: tuple[str, bool | str], engine: str
) -> None:
    preferences = Preferences(jobs, jobs, keep=False)
    for name, first in (("engine", "onnx"), ("device", "cpu")):
        preferences.change(name, first)
    review = Review(jobs)
    models = Models(review, jobs, preferences, parent=jobs)
    with qtbot.waitSignal(models.model_loaded):
        models.choose(str(quantised.location))
    with qtbot.waitSignal(models.model_loaded) as loaded:
        preferences.change(*change)
        assert review.model is None, "nothing more is said by the old one"
    assert loaded.args[0].chosen.engine == engine
    assert models.current == str(quantised.location)
    with qtbot.assertNotEmitted(models.model_loaded, wait=300):
        preferences.change("analyse_on_opening", not preferences.settings.flag("analyse_on_opening"))
        models.choose(str(quantised.location))


def test_a_model_that_could_not_be_read_is_tried_again_with_other_settings(
    jobs: Jobs, qtbot: QtBot, tmp_path: Path
) -> None:
    """ONNX Runtime runs on no GPU here: the reader takes the device back, and need not choose the model again."""
    bundle = write_trial_bundle(tmp_path / "trial@1")
    preferences = Preferences(jobs, jobs, keep=False)
    for name, first in (("engine", "onnx"), ("device", "cuda")):
        preferences.change(name, first)
    review = Review(jobs)
    models = Models(review, jobs, preferences, parent=jobs)
    models.choose(str(bundle.location))
    qtbot.waitUntil(lambda: not review.model_reading)
    assert review.model is None
    with qtbot.waitSignal(models.model_loaded) as loaded:
        preferences.change("device", "cpu")
    assert loaded.args[0].chosen.engine == "onnx-cpu"


def test_a_model_without_a_quantised_graph_is_read_all_the_same(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    assert load_model(str(bundle.location), Wanted("onnx", quantised=True)).chosen.engine == "onnx-cpu"


def test_points_counted_with_one_graph_are_not_those_of_the_other(quantised: ModelBundle) -> None:
    finding = LocalFinding(9, 9, 4, 5, 0.4, None, None, None, None, None, (), quantised.card.operating["OPACITY"])
    check = LocalTable(quantised.id, quantised.weights_sha256, "2026-01-01", 9, 9, 0, 0, 0, {"OPACITY": finding}, True)
    write_local_table(check)
    assert load_model(str(quantised.location), Wanted("onnx")).chosen.check == check
    assert load_model(str(quantised.location), Wanted("onnx", quantised=True)).chosen.check is None
    int8 = dataclasses.replace(check, weights_sha256=quantised.card.files[QUANTISED])
    write_local_table(int8)
    chosen = load_model(str(quantised.location), Wanted("onnx", quantised=True)).chosen
    assert (chosen.check, chosen.scores_sha256) == (int8, int8.weights_sha256)
    assert load_model(str(quantised.location), Wanted("onnx")).chosen.check == check
    assert load_model(str(quantised.location), Wanted("onnx", views=5)).chosen.check is None
