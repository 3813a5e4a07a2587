"""The converted weights in the user's data folder: `NAME-HASH.CONTENT.safetensors`, each held against its own name.

HASH begins the sha256 of the file they were made from, CONTENT is the sha256 of the safetensors file itself, whose
metadata hold the first in full.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.paths import user_data_dir
from imaging.progress import CancelToken
from training.weights.weights_convert import SOURCE_KEY
from training.weights.weights_limits import DEFAULT_LIMITS, WeightsError, WeightsLimits

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = "weights"
KEY_DIGITS = 8
_PART = ".part"
_OLD_PART_S = 24 * 3600.0
_STORED = re.compile(r"([a-z0-9][a-z0-9._-]*-[0-9a-f]{8})\.([0-9a-f]{64})\.safetensors")
_HASH_IN_NAME = re.compile(r"(.+)-([0-9a-f]{8,64})(?: ?\(\d+\))?\.[A-Za-z]+")
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Tensors by name, each float32 or int64 with storage of its own, and the sha256 of the file they came from."""

    tensors: dict[str, Tensor]
    source_sha256: str


def weights_folder() -> Path:
    """Where converted weights lie, and where a file brought by hand is looked for. Raises WeightsError."""
    try:
        folder = user_data_dir() / FOLDER
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise WeightsError("The folder for weights can't be made in the user's data folder.") from error
    return folder


def hash_in_name(name: str) -> str:
    """The beginning of the sha256 that a file's name states, as in `resnet18-f37072fd.pth`; empty where it has none.

    Eight digits that are a date are taken for one.
    """
    found = _HASH_IN_NAME.fullmatch(name)
    return found[2] if found and not _DATE.fullmatch(found[2]) else ""


def key(name: str, sha256: str) -> str:
    """Under what the weights made from a file of this name and hash are kept."""
    found = _HASH_IN_NAME.fullmatch(name)
    stem = found[1] if found else Path(name).stem
    plain = re.sub(r"[^a-z0-9._-]+", "_", stem.lower()).strip("._-")[:64]
    return f"{plain or 'weights'}-{sha256[:KEY_DIGITS]}"


def kept(folder: Path, wanted: str, sha256: str, limits: WeightsLimits = DEFAULT_LIMITS) -> Weights | None:
    """The whole, unchanged weights kept under a key, made from the file whose hash begins with `sha256`.

    None where there are none; a damaged file is passed over.
    """
    for path in sorted(folder.glob(f"{wanted}.*.safetensors")):
        found = _STORED.fullmatch(path.name)
        if found is None or path.is_symlink():
            continue
        with suppress(WeightsError):
            content = read_capped(path, limits)
            source = _source_of(content)
            if hashlib.sha256(content).hexdigest() == found[2] and source.startswith(sha256):
                return Weights(parsed(content, limits), source)
    return None


def keep(folder: Path, part: Path, wanted: str, sha256: str, limits: WeightsLimits = DEFAULT_LIMITS) -> Weights:
    """Move what the converter wrote to its place. It is read as a stranger's file first. Raises WeightsError."""
    content = read_capped(part, limits)
    weights = Weights(parsed(content, limits), sha256)
    if _source_of(content) != sha256:
        raise WeightsError("The converted weights do not name the file they were made from.")
    try:
        part.replace(folder / f"{wanted}.{hashlib.sha256(content).hexdigest()}.safetensors")
    except OSError as error:
        raise WeightsError("The converted weights can't be kept in the user's data folder.") from error
    return weights


@contextmanager
def part_file(folder: Path) -> Iterator[Path]:
    """A place for a file in the making, gone afterwards unless it was renamed. Older leftovers of a kill go too."""
    for leftover in folder.glob(f".*{_PART}"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _OLD_PART_S:
                leftover.unlink()
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=_PART)
    except OSError as error:
        raise WeightsError("The folder for weights can't be written.", detail=type(error).__name__) from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def file_sha256(path: Path, token: CancelToken, limits: WeightsLimits = DEFAULT_LIMITS) -> str:
    """The sha256 of a plain file that is not too large. Raises WeightsError, Cancelled."""
    digest, done = hashlib.sha256(), 0
    try:
        if not path.is_file():
            raise WeightsError("There is no file of weights at this place.")
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                token.check()
                digest.update(block)
                done += len(block)
                _check_size(done, limits)
    except (OSError, ValueError) as error:
        raise WeightsError("The file of weights can't be read.", detail=type(error).__name__) from error
    return digest.hexdigest()


def read_capped(path: Path, limits: WeightsLimits = DEFAULT_LIMITS) -> bytes:
    """The bytes of a file of weights. Raises WeightsError."""
    try:
        if not path.is_file():
            raise WeightsError("There is no file of weights at this place.")
        with path.open("rb") as stream:
            content = stream.read(limits.bytes + 1)
    except (OSError, ValueError) as error:
        raise WeightsError("The file of weights can't be read.", detail=type(error).__name__) from error
    _check_size(len(content), limits)
    return content


def parsed(content: bytes, limits: WeightsLimits = DEFAULT_LIMITS) -> dict[str, Tensor]:
    """The tensors of a safetensors file, tidied. Raises WeightsError."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    from training.weights.weights_tidy import tidy

    try:
        held = load(content)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise WeightsError("This is no whole safetensors file.", detail=str(error)) from error
    return tidy(held, limits)


def _source_of(content: bytes) -> str:
    """The hash of the source in the metadata of a safetensors file; empty where it has none."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return str(header["__metadata__"][SOURCE_KEY])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return ""


def _check_size(size: int, limits: WeightsLimits) -> None:
    if size > limits.bytes:
        raise WeightsError("The file of weights is larger than that of any real network.")
