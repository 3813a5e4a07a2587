"""Changes to a plan that belong together."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from inference.bundles.models_dir import Installed
from tests.bundles import card_of
from training.choose import (
    by_recipe,
    fits_head,
    fitting_films,
    fitting_source,
    in_way,
    model_name,
    next_version_of,
    on_backbone,
    renamed,
    usual_start,
    with_mode,
    with_outputs,
    with_start,
)
from training.films.manifest import LabelledFilm, Manifest
from training.films.source import Place, Source
from training.plan import DataPlan, Mode, StartPlan, check_plan
from training.recipes import RECIPES, own_title, plan_of, recipe_of


@pytest.mark.parametrize("mode", ["quick", "standard", "full"])
@pytest.mark.parametrize("name", ["quick", "standard", "stacked", "densenet121"])
def test_every_recipe_can_be_trained_in_every_way(name: str, mode: Mode) -> None:
    plan = with_mode(plan_of(recipe_of(name), "x", DataPlan("x")), mode)
    check_plan(plan)
    assert plan.network.mode == mode
    assert (plan.augment is None) == (mode == "quick" or (RECIPES[name].augment is None and name != "quick"))


def manifest(*labels: tuple[str, ...], normal: str | None = "NORMAL") -> Manifest:
    films = tuple(LabelledFilm(Path(str(at)), own, str(at), str(at)) for at, own in enumerate(labels))
    known = tuple(dict.fromkeys(label for own in labels for label in own))
    return Manifest(films, known, normal)


def test_outputs_fit_the_labels() -> None:
    plan = plan_of(recipe_of("standard"), "x", DataPlan("x"))
    assert fitting_films(plan, manifest(("NORMAL",), ("ILL",))) == plan
    three = fitting_films(plan, manifest(("NORMAL",), ("A",), ("B",)))
    assert (three.network.outputs, three.learning.loss) == ("softmax", "cross_entropy")
    assert fitting_films(plan, manifest(("A",), ("B",), normal=None)).network.outputs == "softmax"
    several = fitting_films(three, manifest(("NORMAL",), ("A", "B")))
    assert (several.network.outputs, several.learning.loss) == ("sigmoid", "bce")
    for fitted in (three, several):
        check_plan(fitted)


def test_outputs_fit_what_a_list_says_before_any_film_is_opened() -> None:
    plan = plan_of(recipe_of("standard"), "x", DataPlan("x"))

    def outputs(*labels: tuple[str, ...]) -> str:
        source = Source(Path(), tuple(Place(Path(str(at)), own) for at, own in enumerate(labels)))
        return fitting_source(plan, source).network.outputs

    assert outputs(("Normal",), ("Mass",)) == "one_logit"
    assert outputs(("A",), ("B",)) == "softmax"
    assert outputs(("No Finding",), ("Mass", "Nodule"), ("Mass",)) == "sigmoid"
    assert outputs(("Normal",)) == "one_logit", "whoever reads the films says what is wrong with them"


def test_the_focal_loss_stays() -> None:
    plan = plan_of(recipe_of("standard"), "x", DataPlan("x"))
    focal = dataclasses.replace(plan, learning=dataclasses.replace(plan.learning, loss="focal"))
    assert with_outputs(focal, "softmax").learning.loss == "focal"


def test_an_installed_model_with_the_same_backbone_is_the_usual_start() -> None:
    models = [Installed(card_of(name=name), Path(name)) for name in ("first", "second")]
    backbone = models[0].card.backbone
    assert usual_start(backbone, models) == StartPlan("bundle", "first@1")
    assert usual_start(backbone, models, "second") == StartPlan("bundle", "second@1")
    assert usual_start("vgg16", models) is None


def test_the_input_of_an_installed_model_comes_with_its_weights() -> None:
    plan = plan_of(recipe_of("quick"), "x", DataPlan("x"))
    model = Installed(card_of(name="small"), Path("small"))
    started = with_start(plan, StartPlan("bundle", "small"), [model])
    assert started.preprocess == model.card.preprocess != plan.preprocess
    assert started.network.start.bundle == "small"
    assert with_start(plan, StartPlan("bundle", "gone"), [model]).preprocess == plan.preprocess
    assert with_start(started, StartPlan("scratch"), [model]).preprocess == started.preprocess


def test_a_way_follows_our_recipe_of_it_while_the_plan_follows_one() -> None:
    models = [Installed(card_of(name="small"), Path("small"))]
    plan = plan_of(recipe_of("quick"), "Ward 3", DataPlan("x"))
    standard = in_way(dataclasses.replace(plan, threads=3, seed=7), "standard", models)
    assert (standard.recipe, standard.threads, standard.seed) == ("standard", 3, 7)
    assert standard.learning == RECIPES["standard"].learning
    own = in_way(by_recipe(plan, "", models), "full", models)
    assert (own.recipe, own.network.mode, own.title) == ("", "full", own_title(own))


def test_another_backbone_starts_from_what_there_is_for_it() -> None:
    models = [Installed(card_of(name="small"), Path("small"))]
    plan = plan_of(recipe_of("quick"), "Ward 3", DataPlan("x"))
    small = on_backbone(plan, models[0].card.backbone, models)
    assert (small.network.start, small.preprocess) == (StartPlan("bundle", "small@1"), models[0].card.preprocess)
    assert on_backbone(plan, "vgg16", models).network.start == StartPlan("downloaded")
    assert on_backbone(small, models[0].card.backbone, []).network.start == StartPlan("scratch")


def test_a_model_is_the_next_version_of_another_by_its_name() -> None:
    models = [Installed(card_of(name="small"), Path("small"))]
    plan = on_backbone(plan_of(recipe_of("quick"), "Ward 3", DataPlan("x")), models[0].card.backbone, models)
    assert next_version_of(plan, models) is None
    again = renamed(plan, "Small")
    assert next_version_of(again, models) is models[0]
    assert again.title.startswith("Small: ")
    assert next_version_of(with_start(again, StartPlan("scratch"), models), models) is None


def test_a_head_is_kept_only_where_it_says_the_same() -> None:
    card = card_of(name="small")
    plan = plan_of(recipe_of("standard"), "x", DataPlan("x"))
    labels = card.labels
    same = manifest(*((label,) for label in labels), normal=card.normal_label)
    assert fits_head(card, dataclasses.replace(plan, network=dataclasses.replace(plan.network, head=card.head)), same)
    assert not fits_head(card, plan, manifest(("NORMAL",), ("OTHER",)))
    kept = dataclasses.replace(plan.network, start=StartPlan("bundle", "small", with_head=True))
    assert not with_mode(dataclasses.replace(plan, network=kept), "quick").network.start.with_head


@pytest.mark.parametrize(
    ("plan", "model"),
    [("Ärzte Müller (2)", "arzte-muller-2"), ("Großer Saal", "grosser-saal"), ("снимки", "model"), ("..a/b", "a-b")],
)
def test_a_model_is_named_after_its_plan_in_plain_letters(plan: str, model: str) -> None:
    assert model_name(plan) == model
