from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from inference.networks.backbones import BACKBONES
from training.learn.augment_spec import AugmentSpec
from training.plan import (
    DataPlan,
    PlanError,
    TrainingPlan,
    changed,
    check_plan,
    parse_plan,
    plan_text,
    read_plan,
    without_places,
)
from training.recipes import ALIASES, RECIPES, plan_of, recipe_of, with_backbone
from training.running.run_dir import PLAN, RunDir

DATA = DataPlan("films")
# As it was saved before plans knew of `data.hold_out` and `network.start.with_head`.
OLDER = Path(__file__).with_name("plans") / "before_hold_out.json"


def plan(name: str = "standard") -> TrainingPlan:
    return plan_of(recipe_of(name), "trial", DATA)


@pytest.mark.parametrize("name", [*RECIPES, *ALIASES])
def test_every_recipe_is_a_plan_that_survives_its_text(name: str) -> None:
    made = plan(name)
    check_plan(made)
    assert parse_plan(plan_text(made).encode()) == made


def test_the_twelve_are_twelve() -> None:
    assert sum(name.startswith("sensitive-") for name in RECIPES) == 12


@pytest.mark.parametrize(
    "source", ["/home/gumbrecht/films of ward 3", "C:\\Users\\gumbrecht\\films of ward 3\\", "films of ward 3"]
)
def test_a_card_names_no_place_of_the_computer_it_was_made_on(source: str) -> None:
    made = changed(plan(), "data.source", source)
    made = changed(changed(made, "network.start.files", [f"{source}/a.pth"]), "network.start.bundle", f"{source}/m@1")
    text = plan_text(without_places(made))
    assert "films of ward 3" in text
    assert "gumbrecht" not in text
    assert (without_places(made).network.start.files, without_places(made).network.start.bundle) == (("a.pth",), "m@1")
    assert without_places(changed(plan(), "network.start.bundle", "practice@1")).network.start.bundle == "practice@1"


def test_a_field_is_set_by_its_name() -> None:
    made = changed(changed(plan(), "learning.epochs", 2), "network.head.hidden", [64, 8])
    assert (made.learning.epochs, made.network.head.hidden) == (2, (64, 8))


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("learning.epochz", 1, "has no field"),
        ("learning.epochs.more", 1, "has no field"),
        ("learning.epochs", "many", "whole number"),
        ("learning.epochs", 0, "counts below one"),
        ("learning.rate", 0, "a rate is not above zero"),
        ("learning.optimiser", "lion", "is none of"),
        ("learning.loss", "cross_entropy", "needs a softmax"),
        ("network.backbone", "unheard_of", "no backbone"),
        ("preprocess.size_px", 8, "too small for its backbone"),
        ("data.validation_share", 1.0, "no share between 0 and 1"),
        ("choice.call_at", 0.0, "asks for no share"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_one_sentence(key: str, value: object, complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint) as caught:
        changed(plan(), key, value)
    assert caught.value.message.endswith(".")


def test_quick_training_needs_weights_and_leaves_films_as_they_are() -> None:
    quick = plan("quick")
    for key, value, complaint in (
        ("network.start.kind", "scratch", "needs weights to start from"),
        ("augment", dataclasses.asdict(AugmentSpec()), "looks at each film once"),
        ("network.head.hidden", [8], "fits a linear head"),
    ):
        with pytest.raises(PlanError, match=complaint):
            changed(quick, key, value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[]", "no training plan"),
        (b"{}", "no training plan"),
        (b'{"schema": 2}', "newer Negatoscope"),
        (b'{"schema": 1}', "does not fit its schema"),
        (
            plan_text(plan("quick")).replace('"name"', '"hue": 1, "name"', 1).encode(),
            "has unknown hue; it may be of a newer",
        ),
        (b" " * ((1 << 20) + 1), "too long"),
    ],
)
def test_what_is_no_plan_is_one_sentence(content: bytes, complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        parse_plan(content)


def test_a_plan_of_this_program_reads_back_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(plan_text(plan()), encoding="utf-8")
    assert read_plan(tmp_path / "plan.json") == plan()
    with pytest.raises(PlanError, match="can't be read"):
        read_plan(tmp_path / "other.json")


def test_a_plan_of_an_earlier_version_does_what_it_did(tmp_path: Path) -> None:
    older = read_plan(OLDER)
    assert (older.data.hold_out, older.network.start.with_head) == ("patients", False)
    assert (older.name, older.augment and older.augment.aspect) == ("ward-3", 0.22), "what it says, it says"
    assert parse_plan(plan_text(older).encode()) == older
    run = RunDir(tmp_path)
    (tmp_path / PLAN).write_bytes(OLDER.read_bytes())
    run.create(older)  # the run that lies there is this very one, and can go on
    assert run.plan() == older


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("data", "hold_outs"), "patients", "data has unknown hold_outs"),
        (("data", "keep_parts"), "yes", "data.keep_parts should be of type bool"),
        (("augment",), [], "augment should be an object"),
        (("network", "start"), {}, "network.start lacks kind"),
        (("schema",), 2, "newer Negatoscope"),
        (("schema",), 0, "schema is none of"),
    ],
)
def test_an_earlier_version_excuses_nothing_else(place: tuple[str, ...], value: object, complaint: str) -> None:
    body = json.loads(OLDER.read_bytes())
    inner = body[place[0]] if len(place) > 1 else body
    inner[place[-1]] = value
    with pytest.raises(PlanError, match=complaint):
        parse_plan(json.dumps(body).encode())


@pytest.mark.parametrize("name", list(BACKBONES))
def test_another_backbone_brings_its_own_input(name: str) -> None:
    made = with_backbone(plan(), name)
    check_plan(made)
    assert made.preprocess.mean == BACKBONES[name].mean
    assert json.loads(plan_text(made))["network"]["backbone"] == name
