"""A run that goes on from an earlier bundle, and whether the new model may take the old one's place."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from imaging.progress import CancelToken
from imaging.read.packed.source import film_sha256
from inference.bundles.bundle import ModelBundle, read_bundle
from inference.engines.torch_engine import load_network
from inference.scoring.similar import trained_on
from tests.square_films import write_square_films
from tests.tiny_plans import WHOLE, tiny_plan
from training.films.prepare import prepare
from training.judging.against import verdict
from training.judging.result import RESULT
from training.plan import (
    DataPlan,
    LearningPlan,
    NetworkPlan,
    PlanError,
    StartPlan,
    TrainingPlan,
    check_plan,
)
from training.running.events import Changed, Checked, Finished
from training.running.run_dir import RunDir
from training.running.worker import train
from training.weights.weights_limits import WeightsError


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, with a bright square in the class SQUARE."""
    return write_square_films(tmp_path_factory.mktemp("films"), 60, side_px=40, square_px=9, within_px=(4, 28))


def plan_for(films: Path, network: NetworkPlan = WHOLE) -> TrainingPlan:
    return tiny_plan(
        data=DataPlan(str(films), validation_share=0.4),
        network=network,
        learning=LearningPlan(epochs=8, batch=12, rate=3e-3),
    )


def carried_out(plan: TrainingPlan, folder: Path, models: Path) -> ModelBundle:
    run = RunDir(folder)
    run.create(plan)
    bundle = train(run, models)
    assert bundle is not None
    return bundle


@pytest.fixture(scope="module")
def first(films: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEGATOSCOPE_DATA", str(folder / "data"))
        return carried_out(plan_for(films), folder / "run", folder / "models")


def going_on(first: ModelBundle, *, with_head: bool) -> NetworkPlan:
    start = StartPlan("bundle", str(first.location), with_head=with_head)
    return dataclasses.replace(WHOLE, start=start)


def test_it_goes_on_from_backbone_and_head_and_takes_its_place(films: Path, first: ModelBundle, tmp_path: Path) -> None:
    """At a rate of nothing the weights are those of before; the same films judge both, and neither is better."""
    plan = plan_for(films, dataclasses.replace(going_on(first, with_head=True), keep_norm=True, frozen_share=1.0))
    learning = dataclasses.replace(plan.learning, epochs=1, rate=1e-12, head_rate=1e-12, average_over_steps=0)
    bundle = carried_out(dataclasses.replace(plan, learning=learning), tmp_path / "run", tmp_path / "models")
    for name, value in load_network(first).state_dict().items():
        torch.testing.assert_close(load_network(bundle).state_dict()[name], value, atol=1e-6, rtol=1e-5)
    assert bundle.card.start.described == f"the backbone and head of the model {first.id}"
    assert bundle.location.parent == tmp_path / "models"
    against = json.loads((tmp_path / "run" / RESULT).read_text(encoding="utf-8"))["against"]
    part = against["parts"]["validation"]
    assert (against["model"], against["weights_sha256"]) == (first.id, first.weights_sha256)
    assert (part["films"], part["trained_on"]) == (24, 0)
    assert part["labels"]["SQUARE"]["new"]["auc"] == part["labels"]["SQUARE"]["old"]["auc"]
    assert part["labels"]["SQUARE"]["auc"]["p"] == part["labels"]["SQUARE"]["calls_p"] == 1.0


def test_a_worse_model_does_not_take_its_place(films: Path, first: ModelBundle, tmp_path: Path) -> None:
    """A head that learnt nothing, on what the old one's backbone sees."""
    plan = plan_for(films, dataclasses.replace(going_on(first, with_head=False), frozen_share=1.0, keep_norm=True))
    learning = dataclasses.replace(plan.learning, epochs=1, rate=1e-12, head_rate=1e-12)
    bundle = carried_out(dataclasses.replace(plan, learning=learning, seed=4), tmp_path / "run", tmp_path / "models")
    assert bundle.location.parent == tmp_path / "run" / "model"
    assert not (tmp_path / "models").exists()
    events = RunDir(tmp_path / "run").events()[0]
    why = next(event.why for event in events if isinstance(event, Changed))
    assert "is kept in the run's folder and not installed. Its AUC is lower than that of" in why
    assert read_bundle(Path(next(event.bundle for event in events if isinstance(event, Finished)))).id == bundle.id


def test_a_model_of_another_name_takes_nobodys_place(films: Path, first: ModelBundle, tmp_path: Path) -> None:
    plan = plan_for(films, dataclasses.replace(going_on(first, with_head=False), frozen_share=1.0, keep_norm=True))
    learning = dataclasses.replace(plan.learning, epochs=1, rate=1e-12, head_rate=1e-12)
    other = dataclasses.replace(plan, learning=learning, name="others")
    bundle = carried_out(other, tmp_path / "run", tmp_path / "models")
    assert bundle.location.parent == tmp_path / "models"
    assert "against" in json.loads((tmp_path / "run" / RESULT).read_text(encoding="utf-8"))


def test_what_taught_the_old_model_judges_neither(films: Path, first: ModelBundle, tmp_path: Path) -> None:
    """Another seed draws other films to judge with, but never those that the old model has learnt from."""
    plan = plan_for(films, dataclasses.replace(going_on(first, with_head=True), keep_norm=True, frozen_share=1.0))
    learning = dataclasses.replace(plan.learning, epochs=1, rate=1e-12, head_rate=1e-12)
    plan = dataclasses.replace(plan, learning=learning, seed=9, data=dataclasses.replace(plan.data, test_share=0.1))
    carried_out(plan, tmp_path / "run", tmp_path / "models")
    prepared = prepare(plan, CancelToken(), lambda words: None)
    judging = {prepared.manifest.films[at].digest for at in (*prepared.split.validation, *prepared.split.test)}
    assert len(trained_on(first)) == 36
    assert not judging & trained_on(first)
    parts = json.loads((tmp_path / "run" / RESULT).read_text(encoding="utf-8"))["against"]["parts"]
    assert {name: part["trained_on"] for name, part in parts.items()} == {"validation": 0, "test": 0}
    assert not [
        event for event in RunDir(tmp_path / "run").events()[0] if isinstance(event, Checked) and "Known" in event.name
    ]


def test_films_that_the_old_model_knows_are_told_and_compare_nothing(
    films: Path, first: ModelBundle, tmp_path: Path
) -> None:
    known = tmp_path / "films"
    for path in films.glob("*/*.png"):
        if film_sha256(path) in trained_on(first):
            (known / path.parent.name).mkdir(parents=True, exist_ok=True)
            (known / path.parent.name / path.name).write_bytes(path.read_bytes())
    plan = plan_for(known, dataclasses.replace(going_on(first, with_head=True), keep_norm=True, frozen_share=1.0))
    learning = dataclasses.replace(plan.learning, epochs=1, rate=1e-12, head_rate=1e-12)
    bundle = carried_out(dataclasses.replace(plan, learning=learning), tmp_path / "run", tmp_path / "models")
    assert bundle.location.parent == tmp_path / "run" / "model"
    told = [event for event in RunDir(tmp_path / "run").events()[0] if isinstance(event, Changed | Checked)]
    assert any("knows the patients of" in event.sentence for event in told if isinstance(event, Checked))
    assert any("could not be compared" in event.why for event in told if isinstance(event, Changed))


def test_a_head_for_other_labels_is_refused(films: Path, first: ModelBundle, tmp_path: Path) -> None:
    renamed = tmp_path / "films"
    for label, new in (("NORMAL", "NORMAL"), ("SQUARE", "CIRCLE")):
        (renamed / new).mkdir(parents=True)
        for path in (films / label).iterdir():
            (renamed / new / path.name).write_bytes(path.read_bytes())
    with pytest.raises(WeightsError, match="tells other labels apart"):
        carried_out(plan_for(renamed, going_on(first, with_head=True)), tmp_path / "run", tmp_path / "models")


def test_a_plan_says_no_to_a_head_that_is_not_there(films: Path) -> None:
    scratch = dataclasses.replace(WHOLE, start=StartPlan("scratch", with_head=True))
    with pytest.raises(PlanError, match="only an installed model has a head"):
        check_plan(plan_for(films, scratch))
    quick = dataclasses.replace(WHOLE, start=StartPlan("bundle", "practice", with_head=True), mode="quick")
    with pytest.raises(PlanError, match="fits its head anew"):
        check_plan(plan_for(films, quick))


def test_the_test_part_decides_where_there_is_one() -> None:
    def part(high: float) -> dict[str, object]:
        return {"films": 9, "labels": {"SQUARE": {"auc": {"value": high - 0.1, "high": high}}}}

    assert verdict({"model": "m@1", "parts": {"validation": part(-0.1), "test": part(0.1)}}) == ""
    assert "by 0.200" in verdict({"model": "m@1", "parts": {"validation": part(0.1), "test": part(-0.1)}})
    small = {"films": 9, "labels": {"SQUARE": {"auc": {"value": -0.05, "high": 0.2}}}}
    assert "by 0.050" in verdict({"model": "m@1", "parts": {"validation": small}}), "in doubt the old model stays"
    assert "could not be compared with m@1" in verdict({"model": "m@1", "parts": {}})
