"""Operating points counted on films of the reader's own: kept in the user's data folder, for one set of weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imaging.atomic import replace_file
from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from inference.bundle import ModelBundle
from inference.card import OperatingPoints
from inference.card_check import counts_fit
from inference.records import RecordError, from_json, to_json

FOLDER = "operating"
DESCRIBED = "films of your own"


@dataclass(frozen=True, slots=True)
class LocalTable:
    """The file. `operating` goes by finding; findings of which the films were all ill or all healthy are left out."""

    model: str
    weights_sha256: str
    operating: dict[str, OperatingPoints]
    schema: Literal[1] = 1


def local_table_path(bundle: ModelBundle) -> Path:
    """Where a bundle's local table lies: a threshold never moves to another model or other weights.

    Raises OSError where there is no data folder.
    """
    return user_data_dir() / FOLDER / f"{bundle.id}-{bundle.weights_sha256[:16]}.json"


def write_local_table(bundle: ModelBundle, operating: dict[str, OperatingPoints]) -> Path:
    """Keep the local operating points of a bundle, in the place of earlier ones. Raises NegatoscopeError."""
    content = json.dumps(to_json(LocalTable(bundle.id, bundle.weights_sha256, operating)), indent=1, allow_nan=False)
    try:
        path = local_table_path(bundle)
        path.parent.mkdir(exist_ok=True)
        replace_file(path, content + "\n")
    except OSError as error:
        raise NegatoscopeError(
            "The operating table can't be kept. Check that the data folder can be written.", detail=type(error).__name__
        ) from error
    return path


def read_local_table(bundle: ModelBundle) -> dict[str, OperatingPoints]:
    """The local operating points of a bundle by finding; empty where there are none, or none that can be trusted."""
    try:
        table = from_json(LocalTable, json.loads(local_table_path(bundle).read_bytes()))
    except (OSError, ValueError, RecursionError, RecordError):
        return {}
    same = (table.model, table.weights_sha256) == (bundle.id, bundle.weights_sha256)
    sound = all(label in bundle.card.findings and counts_fit(points) for label, points in table.operating.items())
    return table.operating if same and sound else {}
