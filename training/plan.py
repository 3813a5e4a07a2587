"""`TrainingPlan`: everything that a training run does, in one frozen record that is saved as JSON with the run.

Two runs of one plan on the same films, with the same number of threads, give the same weights bit for bit.

A saved plan outlives the version that wrote it. A field that is added later has a default by which the plan does what
it did before, and older plans are read with it; where there can be none, the schema's number grows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from imaging.errors import NegatoscopeError
from inference.networks.backbones import BACKBONES
from inference.networks.head_spec import HeadSpec
from inference.scoring.preprocess import PreprocessSpec
from inference.scoring.records import RecordError, from_json, to_json, with_defaults
from training.learn.augment_spec import AugmentSpec

SCHEMA = 1
_LARGEST_BYTES = 1 << 20  # a plan is a page of text

Mode = Literal["quick", "standard", "full"]
Loss = Literal["cross_entropy", "bce", "focal"]
Balance = Literal["none", "weights", "sampling"]
HoldOut = Literal["patients", "clusters", "both"]
OptimiserName = Literal["sgd", "adam", "adamw", "adamax"]
ScheduleName = Literal["constant", "plateau", "cosine", "one_cycle"]
Pick = Literal["loss", "accuracy", "recall", "auc", "sensitivity_at_specificity"]
StartKind = Literal["bundle", "imported", "downloaded", "scratch"]


class PlanError(NegatoscopeError):
    """The plan can't be carried out; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class DataPlan:
    """Which films, and how they are parted.

    `source` is a folder of class folders or a CSV. `normal_label` is '' where no class is the normal one. Parts that
    the source names itself (train, val, test) are kept where `keep_parts` is True; shares apply to what has none, by
    patient. `patient_pattern` is a regular expression on the file's name whose first group is the patient, '' for the
    known ones. `leave_out` are films by the sha256 of their files. `hold_out` clusters: the validation part is a whole
    cluster of films that were collected alike (`films.acquisition`), and not drawn from all patients. `both`: it is
    drawn or named, and a cluster is taken from the training part besides; each of the two is judged for itself.
    """

    source: str
    normal_label: str = ""
    keep_parts: bool = True
    validation_share: float = 0.15
    test_share: float = 0.0
    patient_pattern: str = ""
    leave_out: tuple[str, ...] = ()
    hold_out: HoldOut = "patients"


@dataclass(frozen=True, slots=True)
class StartPlan:
    """Where the weights begin: `bundle` is an installed one's id, `files` are imported, one for each backbone.

    `with_head` goes on with the bundle's head too, which has to tell the same labels apart in the same way.
    """

    kind: StartKind
    bundle: str = ""
    files: tuple[str, ...] = ()
    with_head: bool = False


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """The network. `multi_label` gives each finding a sigmoid of its own; else two classes have one logit or two.

    `frozen_share` is the share of the backbone's stages, from the input on, that keep their starting weights; `mode`
    quick keeps all of them. `keep_norm` leaves the statistics of batch norm as they came.
    """

    backbone: str
    start: StartPlan
    head: HeadSpec = field(default_factory=HeadSpec)
    outputs: Literal["one_logit", "softmax", "sigmoid"] = "one_logit"
    mode: Mode = "standard"
    frozen_share: float = 0.5
    keep_norm: bool = True


@dataclass(frozen=True, slots=True)
class LearningPlan:
    """How the network learns. Rates are per optimiser step; `accumulate` batches make one step.

    `mixup` is the alpha of its Beta distribution, 0 for none (Zhang 2018); `focal_gamma` counts for the focal loss
    only (Lin 2017). `average_over_steps` is the length of the moving average of the weights that are kept, 0 for none.
    """

    epochs: int = 5
    batch: int = 32
    accumulate: int = 1
    loss: Loss = "bce"
    focal_gamma: float = 2.0
    label_smoothing: float = 0.04
    mixup: float = 0.0
    balance: Balance = "weights"
    optimiser: OptimiserName = "adamw"
    rate: float = 3e-4
    head_rate: float = 3e-3
    weight_decay: float = 1e-2
    schedule: ScheduleName = "one_cycle"
    patience: int = 2
    factor: float = 0.1
    average_over_steps: int = 100
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, slots=True)
class ChoicePlan:
    """Which epoch is kept, and when to stop. `call_at` is the probability at which accuracy and recall call a film ill.

    `stop_after` epochs without a better one end the run, 0 for never. Among epochs of equal worth the one of lower loss
    is better. `specificity` counts for the measure sensitivity_at_specificity. `bear_shifts`: the worst of the suite of
    `training.sealing.shifts` counts, not the films alone.
    """

    pick: Pick = "auc"
    call_at: float = 0.5
    specificity: float = 0.9
    stop_after: int = 0
    bear_shifts: bool = False


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One run. `name` becomes the bundle's; `recipe` names the row of RECIPES that it came from, '' for none.

    `augment` None trains on the films as they are. `threads` is the number of cores, part of the plan because sums
    depend on it.
    """

    name: str
    title: str
    data: DataPlan
    preprocess: PreprocessSpec
    network: NetworkPlan
    learning: LearningPlan = field(default_factory=LearningPlan)
    choice: ChoicePlan = field(default_factory=ChoicePlan)
    augment: AugmentSpec | None = field(default_factory=AugmentSpec)
    recipe: str = ""
    seed: int = 1
    threads: int = 1
    schema: Literal[1] = 1


def plan_text(plan: TrainingPlan) -> str:
    """The plan as it is saved."""
    return json.dumps(to_json(plan), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def parse_plan(content: bytes) -> TrainingPlan:
    """A saved plan, of this version or an earlier one. Raises PlanError in one sentence."""
    if len(content) > _LARGEST_BYTES:
        raise PlanError("This is no training plan: it is too long for one.")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PlanError("The training plan is damaged.", detail=str(error)) from error
    if not isinstance(body, dict) or not isinstance(body.get("schema"), int):
        raise PlanError("This is no training plan.")
    if body["schema"] > SCHEMA:
        raise PlanError("The training plan was made by a newer Negatoscope; update the program to use it.")
    try:
        plan = from_json(TrainingPlan, with_defaults(TrainingPlan, body))
    except RecordError as error:
        newer = "; it may be of a newer Negatoscope, or misspelt" if "has unknown" in str(error) else ""
        raise PlanError(f"The training plan does not fit its schema: {error}{newer}.", detail=str(error)) from error
    check_plan(plan)
    return plan


def read_plan(path: Path) -> TrainingPlan:
    """The plan in a file. Raises PlanError."""
    try:
        with path.open("rb") as stream:
            return parse_plan(stream.read(_LARGEST_BYTES + 1))
    except OSError as error:
        raise PlanError("The training plan can't be read.", detail=type(error).__name__) from error


def changed(plan: TrainingPlan, key: str, value: Any) -> TrainingPlan:
    """The plan with one field set, as `learning.rate=0.001` on the command line does it. Raises PlanError."""
    body = to_json(plan)
    *outer, last = key.split(".")
    place = body
    for name in outer:
        place = place.get(name) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last not in place:
        raise PlanError(f"A training plan has no field “{key}”.")
    place[last] = value
    return parse_plan(json.dumps(body).encode("utf-8"))


def check_plan(plan: TrainingPlan) -> None:
    """Raise PlanError where a plan contradicts itself or asks for what this program does not have."""
    for holds, complaint in _claims(plan):
        if not holds:
            raise PlanError(f"The training plan can't be carried out: {complaint}.")


def without_places(plan: TrainingPlan) -> TrainingPlan:
    """The plan as a card may carry it to other people: files and folders by their names alone, not by their paths."""
    start = plan.network.start
    named = replace(start, bundle=_name(start.bundle), files=tuple(_name(file) for file in start.files))
    data = replace(plan.data, source=_name(plan.data.source))
    return replace(plan, data=data, network=replace(plan.network, start=named))


def _name(place: str) -> str:
    """The last part of a path, of either kind of system."""
    return place.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _claims(plan: TrainingPlan) -> list[tuple[bool, str]]:
    data, network, learning, choice = plan.data, plan.network, plan.learning, plan.choice
    spec = BACKBONES.get(network.backbone)
    channels = len(plan.preprocess.mean)
    return [
        (bool(plan.name), "it has no name"),
        (spec is not None, f"this program has no backbone “{network.backbone}”"),
        (spec is None or plan.preprocess.size_px >= spec.min_size_px, "its films are too small for its backbone"),
        (channels == len(plan.preprocess.std), "its input has as many means as deviations"),
        (0 < data.validation_share < 1, "its validation part is no share between 0 and 1"),
        (0 <= data.test_share < 1 - data.validation_share, "its parts leave nothing to train on"),
        (network.mode != "quick" or network.start.kind != "scratch", "quick training needs weights to start from"),
        (
            not network.start.with_head or network.start.kind == "bundle",
            "only an installed model has a head to go on with",
        ),
        (not network.start.with_head or network.mode != "quick", "quick training fits its head anew"),
        (network.mode != "quick" or plan.augment is None, "quick training looks at each film once, without changes"),
        (network.mode != "quick" or not network.head.hidden, "quick training fits a linear head"),
        (0 <= network.frozen_share <= 1, "the frozen share is no share"),
        (network.outputs == "softmax" or learning.loss != "cross_entropy", "cross-entropy needs a softmax"),
        (network.outputs != "softmax" or learning.loss != "bce", "a softmax needs cross-entropy or the focal loss"),
        (min(learning.epochs, learning.batch, learning.accumulate, plan.threads) >= 1, "it counts below one"),
        (min(learning.rate, learning.head_rate) > 0, "a rate is not above zero"),
        (min(learning.weight_decay, learning.mixup, learning.focal_gamma) >= 0, "a weight is below zero"),
        (0 <= learning.label_smoothing < 1, "its label smoothing is no share below 1"),
        (0 < learning.factor < 1 and learning.patience >= 0, "its plateau schedule does not fall"),
        (0 < choice.call_at < 1 and 0 < choice.specificity < 1, "its choice of an epoch asks for no share"),
        (learning.average_over_steps >= 0 and choice.stop_after >= 0, "it counts below zero"),
    ]
