"""`main.py doctor`: what runs here, on what, and why. Nothing of any patient."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from imaging.errors import NegatoscopeError
from imaging.release import NO_TRAINING, release
from inference.scoring.records import to_json

SCHEMA = 1
OK, MISTAKE, PROBLEMS = 0, 2, 3
_LIBRARIES = (
    "torch",
    "torchvision",
    "onnxruntime",
    "openvino",
    "PySide6-Essentials",
    "numpy",
    "opencv-python",
    "pydicom",
    "pillow",
    "safetensors",
    "onnx",
)
_DECODERS = ("pillow", "imagecodecs", "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle")


@dataclass(frozen=True, slots=True)
class ModelState:
    """One bundle: `problem` is empty where it is whole."""

    id: str
    location: str
    problem: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `doctor --json` prints, field by field (resources/schemas/doctor.schema.json).

    `engine` and `why` are those that `auto` chooses, empty where no model can be loaded; `measured` holds the
    milliseconds a film of each engine of the CPU, and is empty where there was nothing to choose. `folder` is the
    user's data folder, `folder_problem` empty where it can be written. Versions are empty for what is not installed.
    """

    schema: int
    system: str
    python: str
    frozen: bool
    flavour: str
    release: str
    cores: int
    omp_wait_policy: str
    gpu: str
    engine: str
    why: str
    measured: dict[str, float]
    folder: str
    folder_problem: str
    models: tuple[ModelState, ...]
    libraries: dict[str, str]
    decoders: dict[str, str]

    @property
    def healthy(self) -> bool:
        """Whether a film could be analysed now."""
        return bool(self.engine) and not self.folder_problem and not any(model.problem for model in self.models)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract."""
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--bundle", type=Path, metavar="F.zip", help="write a report for support, with nothing of a patient in it"
    )


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """0 where all is well, 3 where something is not; the report says what. 2 where --bundle can't be written."""
    if options.bundle is not None:
        return _bundle(options.bundle, out, err)
    report = examine()
    out.write(json.dumps(to_json(report), indent=1) + "\n" if options.json else _text(report))
    return OK if report.healthy else PROBLEMS


def _bundle(target: Path, out: TextIO, err: TextIO) -> int:
    from inference.support_bundle import write_support_bundle

    try:
        names = write_support_bundle(target)
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        return MISTAKE
    out.write(f"{target} is written. It holds: {', '.join(names)}. Read it before you send it.\n")
    return OK


def examine() -> Report:
    """Look at everything; every bundle is verified whole."""
    from inference.engines.device import find_gpu, usable_cores

    models = _models()
    engine, why, measured = _engine(models)
    folder, folder_problem = _folder()
    return Report(
        schema=SCHEMA,
        system=platform.platform(),
        python=platform.python_version(),
        frozen=bool(getattr(sys, "frozen", False)),
        flavour=release().flavour,
        release=release().words,
        cores=usable_cores(),
        omp_wait_policy=os.environ.get("OMP_WAIT_POLICY", ""),
        gpu=find_gpu().why,
        engine=engine,
        why=why,
        measured=measured,
        folder=folder,
        folder_problem=folder_problem,
        models=models,
        libraries={name: _version(name) or _version(f"{name}-headless") for name in _LIBRARIES},
        decoders={name: _version(name) for name in _DECODERS},
    )


def _models() -> tuple[ModelState, ...]:
    from inference.bundles.bundle import read_bundle
    from inference.bundles.card import BundleError
    from inference.bundles.models_dir import Installed, survey

    states = []
    for item in survey():
        name = item.id if isinstance(item, Installed) else item.location.name
        problem = ""
        try:
            read_bundle(item.location)
        except BundleError as error:
            problem = error.message
        states.append(ModelState(name, str(item.location), problem))
    return tuple(states)


def _engine(models: tuple[ModelState, ...]) -> tuple[str, str, dict[str, float]]:
    """The name and the reason of the engine that `auto` gives the first whole model, and what was measured."""
    from inference.bundles.bundle import read_bundle
    from inference.engines.device import choose_engine
    from inference.engines.engine_choice import milliseconds

    whole = next((model for model in models if not model.problem), None)
    if whole is None:
        return "", "no model can be loaded", {}
    try:
        bundle = read_bundle(Path(whole.location))
        engine = choose_engine(bundle)
    except NegatoscopeError as error:
        return "", error.message, {}
    return engine.name, engine.why, milliseconds(bundle) if engine.name.endswith("-cpu") else {}


def _folder() -> tuple[str, str]:
    from imaging.paths import user_data_dir

    try:
        folder = user_data_dir()
    except OSError as error:
        return "", error.strerror or "it can't be made"
    return str(folder), "" if os.access(folder, os.W_OK) else "it can't be written"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _site_lines() -> list[str]:
    """What an administrator has set, and whether the program carries its data with it."""
    from imaging.paths import is_portable
    from imaging.site import read_site

    site = read_site()
    lines = ["portable: the data lie beside the program"] if is_portable() else []
    if site.source is not None:
        said = site.problem or f"{len(site.settings)} settings, locked: {', '.join(sorted(site.locked)) or 'none'}"
        lines.append(f"site: {site.source}: {said}")
    return lines


def _text(report: Report) -> str:
    lines = [
        f"Negatoscope {report.release} on {report.system}, Python {report.python}",
        *([] if report.libraries["torch"] else [NO_TRAINING]),
        f"cores: {report.cores}, OMP_WAIT_POLICY {report.omp_wait_policy or 'not set'}",
        f"GPU: {report.gpu}",
        f"engine: {report.engine or 'none'}: {report.why}",
        *(f"measured: {name} {time:.1f} ms a film" for name, time in report.measured.items()),
        f"data folder: {report.folder}{f' ({report.folder_problem})' if report.folder_problem else ''}",
        *_site_lines(),
        *(f"model {model.id}: {model.problem or 'whole'}" for model in report.models),
        *(f"{name} {version or 'not installed'}" for name, version in report.libraries.items()),
        *(f"decoder {name} {version or 'not installed'}" for name, version in report.decoders.items()),
    ]
    return "".join(f"{line}\n" for line in lines)
