"""Changes to a plan that belong together, so that what is chosen in one place does not contradict another."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence

from inference.bundles.card import Activation, ModelCard
from inference.bundles.models_dir import Installed
from inference.networks.backbones import BACKBONES
from inference.networks.head_spec import HeadSpec
from training.films.label_names import in_order, is_normal
from training.films.manifest import Manifest
from training.films.source import Source
from training.learn.augment_spec import AugmentSpec
from training.plan import Loss, Mode, NetworkPlan, StartPlan, TrainingPlan
from training.recipes import own_title, plan_of, recipe_of, with_backbone

STANDARD_FROZEN = 0.6  # of the stages, as in the recipe of that name
OWN: dict[Mode, str] = {"quick": "quick", "standard": "standard", "full": "shift-aware"}  # our recipe of each way


def by_recipe(plan: TrainingPlan, name: str, models: Sequence[Installed]) -> TrainingPlan:
    """The recipe of this name for the plan's films and machine; '' is the plan as it is, under a title of its own.

    Raises PlanError.
    """
    if not name:
        return of_its_own(plan)
    recipe = recipe_of(name)
    own = recipe.network.start
    start = usual_start(recipe.network.backbone, models, own.bundle) if own.kind == "bundle" else None
    made = plan_of(recipe, plan.name, plan.data, start)
    return dataclasses.replace(made, threads=plan.threads, seed=plan.seed)


def in_way(plan: TrainingPlan, mode: Mode, models: Sequence[Installed]) -> TrainingPlan:
    """The plan in another way of training: our recipe of that way where it follows one of them, else `with_mode`."""
    if plan.recipe in OWN.values() and plan.network.backbone == recipe_of(OWN[mode]).network.backbone:
        return by_recipe(plan, OWN[mode], models)
    return of_its_own(with_mode(plan, mode))


def on_backbone(plan: TrainingPlan, name: str, models: Sequence[Installed]) -> TrainingPlan:
    """The plan with another backbone, from an installed model that has it, else from published weights. Raises
    PlanError.
    """
    made = with_backbone(plan, name)
    published = all(part.published is not None for part in BACKBONES[name].parts)
    start = usual_start(name, models) or StartPlan("downloaded" if published else "scratch")
    return of_its_own(with_start(made, start, models))


def of_its_own(plan: TrainingPlan) -> TrainingPlan:
    """The plan under a title of its own: it follows no recipe any more."""
    return dataclasses.replace(plan, recipe="", title=own_title(plan))


def renamed(plan: TrainingPlan, name: str) -> TrainingPlan:
    """The plan with another name, in its title too."""
    _, colon, rest = plan.title.partition(": ")
    return dataclasses.replace(plan, name=name, title=f"{name}{colon}{rest}")


def with_mode(plan: TrainingPlan, mode: Mode) -> TrainingPlan:
    """The plan in another mode: quick looks at films as they are and fits a linear head; the others change them."""
    network, augment = dataclasses.replace(plan.network, mode=mode), plan.augment
    if mode == "quick":
        start = dataclasses.replace(network.start, with_head=False)
        network, augment = dataclasses.replace(network, head=HeadSpec(), start=start), None
    else:
        frozen = STANDARD_FROZEN if mode == "standard" else 0.0
        network = dataclasses.replace(network, frozen_share=frozen)
    learning = plan.learning
    if mode != "quick" and plan.network.mode == "quick":
        augment = AugmentSpec()
        learning = dataclasses.replace(learning, epochs=max(5, learning.epochs))
    return dataclasses.replace(plan, network=network, augment=augment, learning=learning)


def usual_start(backbone: str, models: Sequence[Installed], wanted: str = "") -> StartPlan | None:
    """An installed model with the same backbone, `wanted` before others; None where there is none."""
    fitting = [model for model in models if model.card.backbone == backbone]
    named = [model for model in fitting if wanted in (model.id, model.card.name)]
    chosen = next(iter(named or fitting), None)
    return StartPlan("bundle", chosen.id) if chosen is not None else None


def with_start(plan: TrainingPlan, start: StartPlan, models: Sequence[Installed]) -> TrainingPlan:
    """The plan with other starting weights. What an installed model knows of films it knows of films as it sees them,
    so that its input comes with its weights.
    """
    plan = dataclasses.replace(plan, network=dataclasses.replace(plan.network, start=start))
    plan = plan if plan.recipe else of_its_own(plan)
    model = started_from(start, models)
    return plan if model is None else dataclasses.replace(plan, preprocess=model.card.preprocess)


def started_from(start: StartPlan, models: Sequence[Installed]) -> Installed | None:
    """The installed model that a run starts from; None where it starts from something else."""
    if start.kind != "bundle":
        return None
    return next((model for model in models if start.bundle in (model.id, model.card.name)), None)


def model_name(plan_name: str) -> str:
    """What the model of a plan of this name is called."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", plan_name) if not unicodedata.combining(sign))
    return re.sub(r"[^a-z0-9._-]+", "-", bare.casefold()).strip("-._")[:60] or "model"


def next_version_of(plan: TrainingPlan, models: Sequence[Installed]) -> Installed | None:
    """The model that the plan starts from, where its own is to be the next version of it; else None."""
    model = started_from(plan.network.start, models)
    return model if model is not None and model.card.name == model_name(plan.name) else None


def activation_of(network: NetworkPlan) -> Activation:
    """How a card calls a plan's outputs."""
    return "sigmoid_one" if network.outputs == "one_logit" else network.outputs


def fits_head(card: ModelCard, plan: TrainingPlan, manifest: Manifest) -> bool:
    """Whether a model's head tells the same labels apart as the plan's, in the same way."""
    wanted = (manifest.labels, manifest.normal_label, activation_of(plan.network), plan.network.head)
    return (card.labels, card.normal_label, card.activation, card.head) == wanted


def fitting_films(plan: TrainingPlan, manifest: Manifest) -> TrainingPlan:
    """The plan with outputs and a loss that can say what these films are labelled with."""
    return _fitting(plan, manifest.labels, is_multi_label=manifest.is_multi_label)


def fitting_source(plan: TrainingPlan, source: Source) -> TrainingPlan:
    """The same by what the source of the plan says, before any film is opened."""
    labels_of = [place.labels for place in source.places]
    labels = in_order((label for labels in labels_of for label in labels), plan.data.normal_label)
    if len(labels) < 2:  # the run will say that there is nothing to tell apart
        return plan
    return _fitting(plan, labels, is_multi_label=any(len(labels) > 1 for labels in labels_of))


def _fitting(plan: TrainingPlan, labels: Sequence[str], *, is_multi_label: bool) -> TrainingPlan:
    outputs = plan.network.outputs
    if is_multi_label:
        outputs = "sigmoid"
    elif outputs == "one_logit" and not (len(labels) == 2 and is_normal(labels[0], plan.data.normal_label)):
        outputs = "softmax"
    return with_outputs(plan, outputs)


def with_outputs(plan: TrainingPlan, outputs: str) -> TrainingPlan:
    """The plan with other outputs, and the loss that goes with them unless it is the focal one. Raises ValueError."""
    loss: Loss = plan.learning.loss
    if loss != "focal":
        loss = "cross_entropy" if outputs == "softmax" else "bce"
    learning = dataclasses.replace(plan.learning, loss=loss)
    for known in ("one_logit", "softmax", "sigmoid"):
        if outputs == known:
            return dataclasses.replace(
                plan, learning=learning, network=dataclasses.replace(plan.network, outputs=known)
            )
    raise ValueError(outputs)
