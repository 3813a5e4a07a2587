"""A run's whole state on disk, without pickle: tensors as safetensors, the rest as JSON, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from imaging.errors import NegatoscopeError
from inference.networks.network import FilmNetwork
from inference.scoring.records import RecordError, from_json, to_json, with_defaults

BEST, STATE = "best.safetensors", "state.safetensors"
_NOTE = "progress"


class CheckpointError(NegatoscopeError):
    """The state of a run can't be read or written; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `best` is the picked measure of `best_epoch`, None before the first epoch, `best_loss` its
    validation loss.

    `plateau` is the share of the rate that the plateau schedule has left, `cut` what a loss that was no number has
    left of it. `parts` is how many pieces a batch is cut into since memory ran out.
    """

    step: int = 0
    best: float | None = None
    best_loss: float = 0.0
    best_epoch: int = -1
    stale_epochs: int = 0
    plateau: float = 1.0
    cut: float = 1.0
    parts: int = 1


@dataclass(slots=True)
class Learner:
    """What changes while a network learns. `averaged` holds the moving average of its weights, or is the network."""

    network: FilmNetwork
    averaged: FilmNetwork
    optimiser: torch.optim.Optimizer
    progress: Progress


def save_learner(folder: Path, learner: Learner) -> None:
    """Write the state in the place of the one before, which stays until then. Raises CheckpointError."""
    tensors = {f"network.{name}": value for name, value in learner.network.state_dict().items()}
    if learner.averaged is not learner.network:
        tensors |= {f"averaged.{name}": value for name, value in learner.averaged.state_dict().items()}
    tensors |= _optimiser_tensors(learner.optimiser)
    save_tensors(folder / STATE, tensors, {_NOTE: json.dumps(to_json(learner.progress))})


def load_learner(folder: Path, learner: Learner) -> bool:
    """Bring a fresh learner to the saved state; False where none was saved. Raises CheckpointError."""
    path = folder / STATE
    if not path.exists():
        return False
    tensors, notes = load_tensors(path)
    try:
        learner.progress = from_json(Progress, with_defaults(Progress, json.loads(notes[_NOTE])))
        learner.network.load_state_dict(_below(tensors, "network."))
        if learner.averaged is not learner.network:
            learner.averaged.load_state_dict(_below(tensors, "averaged."))
        _load_optimiser(learner.optimiser, _below(tensors, "optimiser."))
    except (KeyError, ValueError, RuntimeError, RecordError) as error:
        raise CheckpointError("The saved state of this run belongs to another plan.", detail=str(error)) from error
    return True


def save_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> None:
    """Write tensors and notes as one safetensors file, flushed to the disk and then renamed. Raises CheckpointError."""
    from safetensors.torch import save

    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            stream.write(
                save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, dict(notes))
            )
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CheckpointError("The run can't be saved: the disk may be full.", detail=str(error)) from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and notes of a safetensors file. Raises CheckpointError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise CheckpointError("The saved state of this run is damaged.", detail=str(error)) from error


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of each weight by its number: moments as they are, step counts as tensors."""
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {
        f"optimiser.{number}.{name}": torch.as_tensor(value)
        for number, own in state.items()
        for name, value in own.items()
        if value is not None
    }


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})
    for weight, held in optimiser.state.items():  # in memory as its weight lies, as they were before they were saved
        for name, value in held.items():
            if value.shape == weight.shape:
                held[name] = torch.empty_like(weight).copy_(value)


def with_progress(learner: Learner, **changes: Any) -> None:
    """Note that a run has come further."""
    learner.progress = dataclasses.replace(learner.progress, **changes)
