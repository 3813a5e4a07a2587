"""What a card says of a model that was trained here: only what happened, in plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inference.bundles.card import DataSummary, StartRecord
from inference.bundles.models_dir import installed, model_folders
from inference.networks.backbones import BACKBONES
from training.choose import model_name
from training.films.from_decisions import provenance_of
from training.films.prepare import Prepared
from training.films.split import holds_out_cluster
from training.recipes import true_title
from training.sealing.seal import Words

_DRAWN = "validation films of the same collection"
_BOTH = "validation films, some of them unlike the training films"
_HELD_OUT = "validation films that were collected otherwise than the training films"
_LIMITS = (
    "It knows the films of one collection; on films from elsewhere it was not tested.",
    "Its probabilities hold where as many films are ill as in the validation part.",
)

WordsFor = Callable[[Prepared, StartRecord, Path], Words]  # the last one: where the bundle will lie


def words_of(prepared: Prepared, start: StartRecord, models_dir: Path) -> Words:
    """The words of a bundle: its name and next free version, its films in numbers, where its weights began."""
    plan, split = prepared.plan, prepared.split
    name = model_name(plan.name)
    patients = len(set(prepared.patients(split.train)))
    backbone = BACKBONES[plan.network.backbone].title
    return Words(
        name=name,
        version=next_version(name, models_dir),
        title=true_title(plan),
        labels=prepared.manifest.labels,
        normal_label=prepared.manifest.normal_label,
        activation=prepared.activation,
        backbone=plan.network.backbone,
        head=plan.network.head,
        start=start,
        data=DataSummary(
            summary=f"{len(split.train):,} films of {patients:,} patients: {', '.join(prepared.manifest.labels)}",
            films=len(split.train),
            patients=patients,
            source=provenance_of(Path(plan.data.source)) or "a labelled folder of the user's",
            licence="not stated",
        ),
        intended_use=f"Research: {backbone}, trained on films of the user's own. Not a medical device.",
        limits=_LIMITS,
        licence="Not stated by whoever trained it; the films and the starting weights have licences of their own.",
    )


def described(prepared: Prepared) -> str:
    """What the validation films are, in the words of a sentence."""
    if len(prepared.split.apart):
        return _BOTH
    return _HELD_OUT if holds_out_cluster(prepared.manifest, prepared.plan.data) else _DRAWN


def next_version(name: str, models_dir: Path) -> int:
    """One above every installed version: a model is never replaced by another under its name."""
    folders = dict.fromkeys([*model_folders(), models_dir])
    return 1 + max((item.card.version for item in installed(list(folders)) if item.card.name == name), default=0)
