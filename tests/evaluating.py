"""Labelled films, and the command that judges a model on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
from PIL import Image

from imaging.paths import resource_path
from inference.bundles.bundle import ModelBundle
from inference.scoring.local_table import LocalTable, local_table_path, read_local_table
from tests.commands import commanded
from training import evaluate_command


def films_to_judge(folder: Path) -> Path:
    """Twelve healthy and twelve ill films, of noise that grows brighter, two films a patient."""
    rng = np.random.default_rng(4)
    for number in range(24):
        label = "OPACITY" if number % 2 else "NORMAL"
        (folder / label).mkdir(parents=True, exist_ok=True)
        noise = rng.integers(0, 100 + 6 * number, (70, 90)).astype(np.uint8)
        Image.fromarray(noise).save(folder / label / f"person{number // 4}_{number}.png")
    return folder


def evaluated(bundle: ModelBundle, source: Path, out: Path) -> tuple[int, dict[str, Any], str]:
    """The status of `evaluate`, what it wrote to `out`, which is held against the schema, and what it said."""
    status, said, complaint = commanded(evaluate_command, source, "--model", bundle.location, "--out", out)
    assert complaint == ""
    found = json.loads(out.read_text(encoding="utf-8"))
    schema = json.loads(resource_path("schemas", "evaluation.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    return status, found, said


def path_of(bundle: ModelBundle) -> Path:
    """Where the local table of a model lies."""
    return local_table_path(bundle.id, bundle.weights_sha256)


def kept(bundle: ModelBundle) -> LocalTable | None:
    """The local table of a model, where there is one for these weights."""
    return read_local_table(bundle.card, bundle.weights_sha256)
