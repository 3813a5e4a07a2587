"""What was measured of the CPU engines on this machine, kept in the user's data folder."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from imaging.atomic import replace_file
from imaging.paths import user_data_dir
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH
from inference.engines.device import usable_cores
from inference.scoring.records import RecordError, from_json, to_json

FOLDER = "engines"
CpuEngine = Literal["onnx", "openvino"]


class Way(NamedTuple):
    """An engine on a number of threads for one batch, 0 for all cores."""

    engine: CpuEngine
    threads: int


class Timed(NamedTuple):
    """A way and the milliseconds that one film took, the median of some rounds."""

    engine: CpuEngine
    threads: int
    milliseconds: float

    @property
    def way(self) -> Way:
        return Way(self.engine, self.threads)


@dataclass(frozen=True, slots=True)
class Measured:
    """The file: every way that was tried, the fastest first."""

    ways: tuple[Timed, ...]
    schema: Literal[1] = 1


def remembered(bundle: ModelBundle, threads: int) -> Measured | None:
    """What was measured here for this network; None where nothing was, or nothing that can be read.

    `threads` is what was asked for, 0 where it was left open.
    """
    try:
        measured = from_json(Measured, json.loads(_path(bundle, threads).read_bytes()))
    except (OSError, ValueError, RecursionError, RecordError):
        return None
    return measured if measured.ways else None


def remember(bundle: ModelBundle, threads: int, measured: Measured) -> None:
    """Where it can't be kept, it is measured again the next time."""
    with contextlib.suppress(OSError):
        path = _path(bundle, threads)
        path.parent.mkdir(exist_ok=True)
        replace_file(path, json.dumps(to_json(measured), indent=1) + "\n")


def _path(bundle: ModelBundle, threads: int) -> Path:
    """A name for this machine, these versions, this network and number of threads. Raises OSError.

    A data folder may travel with its user from machine to machine.
    """
    machine = (platform.node(), platform.machine(), platform.processor(), str(usable_cores()))
    versions = [f"{package} {_version(package)}" for package in ("onnxruntime", "openvino")]
    named = "\n".join((*machine, *versions, bundle.card.files[GRAPH], str(threads)))
    return user_data_dir() / FOLDER / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.json"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
