"""RECIPES: the ways of training that public projects describe, each a whole plan but for its films; and our own.

Sources and figures: docs/recipes.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inference.networks.backbones import BACKBONES
from inference.networks.head_spec import HeadSpec
from inference.scoring.preprocess import PreprocessSpec
from training.learn.augment_spec import OTHER_ROOMS, AugmentSpec
from training.plan import (
    ChoicePlan,
    DataPlan,
    LearningPlan,
    NetworkPlan,
    Pick,
    PlanError,
    StartPlan,
    TrainingPlan,
)

# What notebooks usually call augmentation: small turns, shifts and zooms, little else, and no flips across the heart.
MILD = AugmentSpec(
    rotate_deg=10.0,
    scale=0.1,
    aspect=0.0,
    translate=0.05,
    gamma_log=0.0,
    contrast_log=0.1,
    brightness=0.05,
    noise=0.0,
    soften_share=0.0,
    sharpen_share=0.0,
)


DOWNLOADED, SCRATCH = StartPlan("downloaded"), StartPlan("scratch")
BUNDLED = StartPlan("bundle", "pneumonia")  # the one chest-trained start that every user has


@dataclass(frozen=True, slots=True)
class Recipe:
    """A way of training. `start` is where its weights begin unless the user chooses otherwise."""

    name: str
    title: str
    network: NetworkPlan
    learning: LearningPlan
    choice: ChoicePlan
    size_px: int
    augment: AugmentSpec | None
    equalised: bool = False


def plan_of(recipe: Recipe, name: str, data: DataPlan, start: StartPlan | None = None) -> TrainingPlan:
    """The recipe's plan for some films. `name` becomes the bundle's; `start` None keeps the recipe's own."""
    spec = BACKBONES[recipe.network.backbone]
    network = recipe.network if start is None else dataclasses.replace(recipe.network, start=start)
    return TrainingPlan(
        name=name,
        title=f"{name}: {recipe.title}",
        data=data,
        preprocess=PreprocessSpec(
            size_px=recipe.size_px,
            mean=spec.mean,
            std=spec.std,
            equalise="histogram" if recipe.equalised else "none",
        ),
        network=network,
        learning=recipe.learning,
        choice=recipe.choice,
        augment=recipe.augment,
        recipe=recipe.name,
    )


def true_title(plan: TrainingPlan) -> str:
    """The plan's title, less the words of its recipe where the network, the way or the start is another one by now."""
    recipe = RECIPES.get(plan.recipe)
    if recipe is None or plan.title.partition(": ")[2] != recipe.title:
        return plan.title
    own, wanted = plan.network, recipe.network
    if (own.backbone, own.mode, own.start.kind) == (wanted.backbone, wanted.mode, wanted.start.kind):
        return plan.title
    return own_title(plan)


def own_title(plan: TrainingPlan) -> str:
    """A title that says what a plan trains, and from what."""
    network = plan.network
    start = {"scratch": ", from scratch", "bundle": f", from {network.start.bundle}"}.get(network.start.kind, "")
    return f"{plan.name}: {BACKBONES[network.backbone].title}, {network.mode}{start}"


NOTEBOOK = LearningPlan(
    epochs=10,
    label_smoothing=0.0,
    balance="none",
    optimiser="adam",
    rate=1e-3,
    head_rate=1e-3,
    weight_decay=0.0,
    schedule="constant",
    average_over_steps=0,
)
_SOFTMAX = dataclasses.replace(NOTEBOOK, loss="cross_entropy")
_SENSITIVE = dataclasses.replace(NOTEBOOK, optimiser="adamax", rate=1e-4, epochs=15)


def _sensitive(backbone: str, size_px: int, *, augmented: bool, pick: Pick) -> Recipe:
    """One of twelve: normal against abnormal at a threshold of 0.3, so that few ill films are missed."""
    kind = "augmented" if augmented else "plain"
    return Recipe(
        name=f"sensitive-{backbone.replace('_', '')}-{kind}-{pick}",
        title=f"{BACKBONES[backbone].title}, {kind}, kept by best validation {pick}, called at 0.3",
        network=NetworkPlan(backbone, DOWNLOADED, mode="full", frozen_share=0.0, keep_norm=False),
        learning=_SENSITIVE,
        choice=ChoicePlan(pick=pick, call_at=0.3),
        size_px=size_px,
        augment=MILD if augmented else None,
    )


TWELVE = tuple(
    _sensitive(backbone, size_px, augmented=augmented, pick=pick)
    for pick in ("accuracy", "recall")
    for backbone, size_px in (("inception_v3", 299), ("resnet50", 224), ("vgg16", 224))
    for augmented in (True, False)
)

_ALL = (
    Recipe(
        name="quick",
        title="A calibrated head on what an installed model sees",
        network=NetworkPlan("mobilenet_v2", BUNDLED, mode="quick"),
        learning=LearningPlan(epochs=1),
        choice=ChoicePlan(),
        size_px=224,
        augment=None,
    ),
    Recipe(
        name="standard",
        title="The last blocks of an installed model's backbone, and a new head",
        network=NetworkPlan("mobilenet_v2", BUNDLED, mode="standard", frozen_share=0.6),
        learning=LearningPlan(epochs=5),
        choice=ChoicePlan(),
        size_px=224,
        augment=AugmentSpec(),
    ),
    Recipe(
        name="shift-aware",
        title="The whole network, chosen by how it bears other exposure, framing and resampling",
        network=NetworkPlan("mobilenet_v2", BUNDLED, mode="full", frozen_share=0.0),
        learning=LearningPlan(epochs=6),
        choice=ChoicePlan(pick="loss", bear_shifts=True),  # the lowest AUC of 18 on 200 films is chance; and blind to
        # scores that move all together, which an operating point is not
        size_px=224,
        augment=OTHER_ROOMS,
    ),
    Recipe(
        name="stacked",
        title="MobileNetV2 and DenseNet169 side by side, then dense layers, softmax",
        network=NetworkPlan(
            "stack_mobilenet_v2_densenet169",
            DOWNLOADED,
            head=HeadSpec((256, 64), batch_norm=True, dropout=0.4),
            outputs="softmax",
            mode="standard",
            frozen_share=1.0,
        ),
        learning=dataclasses.replace(_SOFTMAX, balance="weights"),
        choice=ChoicePlan(pick="accuracy"),
        size_px=224,
        augment=MILD,
    ),
    Recipe(
        name="sequential-cnn",
        title="A small network from scratch on films of 150 pixels",
        network=NetworkPlan(
            "sequential_cnn",
            SCRATCH,
            head=HeadSpec((256,), batch_norm=False, dropout=0.3),
            outputs="softmax",
            mode="full",
            frozen_share=0.0,
            keep_norm=False,
        ),
        learning=_SOFTMAX,
        choice=ChoicePlan(pick="accuracy"),
        size_px=150,
        augment=None,
    ),
    Recipe(
        name="mobilenetv2-150",
        title="Frozen MobileNetV2 features of films of 150 pixels, and a head",
        network=NetworkPlan("mobilenet_v2", DOWNLOADED, outputs="softmax", mode="standard", frozen_share=1.0),
        learning=_SOFTMAX,
        choice=ChoicePlan(pick="accuracy"),
        size_px=150,
        augment=None,
    ),
    Recipe(
        name="densenet121",
        title="DenseNet121 with dropout and dense layers, the validation part drawn anew",
        network=NetworkPlan(
            "densenet121",
            DOWNLOADED,
            head=HeadSpec((128,), batch_norm=True, dropout=0.5),
            outputs="softmax",
            mode="standard",
            frozen_share=0.75,
        ),
        learning=dataclasses.replace(_SOFTMAX, rate=1e-4),
        choice=ChoicePlan(pick="accuracy"),
        size_px=224,
        augment=MILD,
    ),
    Recipe(
        name="efficientnet-b0",
        title="EfficientNet-B0 on equalised films, with a plateau schedule and early stopping",
        network=NetworkPlan("efficientnet_b0", DOWNLOADED, outputs="softmax", mode="full", frozen_share=0.0),
        learning=dataclasses.replace(
            _SOFTMAX,
            epochs=30,
            rate=1e-5,
            head_rate=1e-5,
            weight_decay=1e-3,
            schedule="plateau",
            patience=2,
            factor=0.1,
        ),
        choice=ChoicePlan(pick="loss", stop_after=4),
        size_px=224,
        augment=None,
        equalised=True,
    ),
    *TWELVE,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _ALL})
# The names that a reader of the projects would type; of the twelve, those that are augmented and kept by recall.
ALIASES: Mapping[str, str] = MappingProxyType(
    {f"sensitive-{name}": f"sensitive-{name}-augmented-recall" for name in ("vgg16", "resnet50", "inceptionv3")}
)


def with_backbone(plan: TrainingPlan, name: str) -> TrainingPlan:
    """The plan with another backbone, and the input that it is used to. Raises PlanError."""
    spec = BACKBONES.get(name)
    if spec is None:
        raise PlanError(f"There is no backbone “{name}”; there are {', '.join(BACKBONES)}.")
    size_px = plan.preprocess.size_px if plan.preprocess.size_px >= spec.min_size_px else spec.size_px
    preprocess = dataclasses.replace(plan.preprocess, size_px=size_px, mean=spec.mean, std=spec.std)
    return dataclasses.replace(plan, network=dataclasses.replace(plan.network, backbone=name), preprocess=preprocess)


def recipe_of(name: str) -> Recipe:
    """The recipe of a name. Raises PlanError with the names that there are."""
    recipe = RECIPES.get(ALIASES.get(name, name))
    if recipe is None:
        raise PlanError(f"There is no recipe “{name}”; there are {', '.join((*RECIPES, *ALIASES))}.")
    return recipe
