"""Changes to a plan that belong together, so that what is chosen in one place does not contradict another."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from inference.head_spec import HeadSpec
from inference.models_dir import Installed
from training.augment_spec import AugmentSpec
from training.manifest import Manifest
from training.plan import Loss, Mode, StartPlan, TrainingPlan

STANDARD_FROZEN = 0.6  # of the stages, as in the recipe of that name


def with_mode(plan: TrainingPlan, mode: Mode) -> TrainingPlan:
    """The plan in another mode: quick looks at films as they are and fits a linear head; the others change them."""
    network, augment = dataclasses.replace(plan.network, mode=mode), plan.augment
    if mode == "quick":
        network, augment = dataclasses.replace(network, head=HeadSpec()), None
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
    model = started_from(start, models)
    return plan if model is None else dataclasses.replace(plan, preprocess=model.card.preprocess)


def started_from(start: StartPlan, models: Sequence[Installed]) -> Installed | None:
    """The installed model that a run starts from; None where it starts from something else."""
    if start.kind != "bundle":
        return None
    return next((model for model in models if start.bundle in (model.id, model.card.name)), None)


def fitting_films(plan: TrainingPlan, manifest: Manifest) -> TrainingPlan:
    """The plan with outputs and a loss that can say what these films are labelled with."""
    outputs = plan.network.outputs
    if manifest.is_multi_label:
        outputs = "sigmoid"
    elif outputs == "one_logit" and (len(manifest.labels) != 2 or manifest.normal_label is None):
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
