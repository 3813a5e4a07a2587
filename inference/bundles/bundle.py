"""Model bundles, as folders or zip files: written, read, verified. A bundle is hostile until all of it was checked."""

from __future__ import annotations

import dataclasses
import hashlib
import lzma
import secrets
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.bundles.card import GATE, GRAPH, LICENCE, QUANTISED, REFERENCE, WEIGHTS, BundleError, ModelCard
from inference.bundles.card_check import check_card
from inference.bundles.card_text import card_text, may_be_named, parse_card

if TYPE_CHECKING:
    import numpy.typing as npt

    from inference.networks.network import FilmNetwork

CARD = "card.json"
# A generous cap for each file: the largest networks of the table hold about half a gigabyte of weights.
LIMIT_BYTES = {
    CARD: 16 << 20,
    LICENCE: 1 << 20,
    WEIGHTS: 1 << 30,
    GRAPH: 1 << 30,
    QUANTISED: 1 << 30,
    GATE: 16 << 20,
    REFERENCE: 256 << 20,
}
_UNREADABLE = (OSError, KeyError, RuntimeError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # left by file managers in any folder they show


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A verified bundle. `location` is its folder or zip file, from which the files are read when they are needed."""

    card: ModelCard
    location: Path

    @property
    def id(self) -> str:
        """`name@version`."""
        return self.card.id

    @property
    def weights_sha256(self) -> str:
        return self.card.files[WEIGHTS]

    def content(self, name: str) -> bytes:
        """The bytes of one of its files, held against the card's hash again. Raises BundleError."""
        content = _read_file(self.location, name)
        if hashlib.sha256(content).hexdigest() != self.card.files[name]:
            raise BundleError(f"The model's file {name} was changed after it was written.")
        return content

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays of one of its safetensors files by name. Raises BundleError."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            arrays: dict[str, npt.NDArray[Any]] = load(self.content(name))
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"The model's file {name} is damaged.", detail=str(error)) from error
        return arrays


def read_bundle(location: Path) -> ModelBundle:
    """Read and verify a bundle: its names, sizes, card and every hash. Raises BundleError in one sentence."""
    names = _names(location)
    card = read_card(location)
    for name in card.file_names:
        if name not in names:
            raise BundleError(f"The model bundle lacks its file {name}.")
    if len(names) > len(card.file_names) + 1:
        raise BundleError("The model bundle holds files that its card does not name.")
    bundle = ModelBundle(card, location)
    for name in card.file_names:
        bundle.content(name)
    return bundle


def read_card(location: Path) -> ModelCard:
    """The card of a bundle; its other files are not looked at. Raises BundleError in one sentence."""
    card = parse_card(_card_bytes(location))
    if set(card.files) != set(card.file_names):
        raise BundleError("The model card does not name the files of a bundle.")
    return card


def is_named(location: Path, name: str) -> bool:
    """Whether this is the place of a bundle of that name, as far as can be told at a glance. Raises BundleError."""
    return may_be_named(_card_bytes(location), name)


def _card_bytes(location: Path) -> bytes:
    if CARD not in _names(location):
        raise BundleError("This is not a model bundle: it has no card.json.")
    return _read_file(location, CARD)


def write_bundle(
    folder: Path, card: ModelCard, network: FilmNetwork, parts: Mapping[str, bytes] | None = None
) -> ModelBundle:
    """Write a network and its card (whose `files` are filled here) as a bundle, whole or not at all.

    `parts` are the optional files that the card speaks of, by name. A bundle that stood in `folder` before is replaced.
    The licence text is `card.licence`. Raises BundleError, OSError.
    """
    from safetensors.torch import save

    from inference.bundles.export import onnx_graph

    check_card(card)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.weights().items()}
    contents = {
        WEIGHTS: save(tensors),
        GRAPH: onnx_graph(network, card.preprocess.size_px),
        LICENCE: _licence(card),
        **(parts or {}),
    }
    return _sealed(folder, card, contents)


def rewrite_bundle(folder: Path, bundle: ModelBundle, card: ModelCard, parts: Mapping[str, bytes]) -> ModelBundle:
    """Write the network of a bundle, weights and graph byte for byte, with another card and its optional files.

    Raises BundleError, OSError.
    """
    kept = {name: bundle.content(name) for name in (WEIGHTS, GRAPH)}
    return _sealed(folder, card, kept | {LICENCE: _licence(card)} | dict(parts))


def _sealed(folder: Path, card: ModelCard, contents: Mapping[str, bytes]) -> ModelBundle:
    """Write a bundle whose card holds the hash of each of its files."""
    check_card(card)
    if set(contents) != set(card.file_names):
        raise BundleError("The model card and the files of the bundle do not go together.")
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    full = dataclasses.replace(card, files=digests)
    _write_folder(folder, {**contents, CARD: card_text(full).encode("utf-8")})
    return read_bundle(folder)


def _licence(card: ModelCard) -> bytes:
    return (card.licence.rstrip() + "\n").encode("utf-8")


def export_zip(bundle: ModelBundle, target: Path) -> None:
    """Write a verified bundle as a zip file for exchange, whole or not at all. Equal bundles give equal bytes.

    A device or a pipe at `target` is written to and never replaced. Raises OSError.
    """
    archive = _zipped(bundle)
    if target.exists() and not target.is_file():
        target.write_bytes(archive)
        return
    beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as stream:  # with the rights of any new file: it is meant for others
            stream.write(archive)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _zipped(bundle: ModelBundle) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in _contents(bundle).items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=1)
    return stream.getvalue()


def import_bundle(source: Path, models_folder: Path) -> ModelBundle:
    """Copy a bundle, a zip file or a folder, into a folder of models as `name@version`. Raises BundleError.

    Nothing is unpacked by the names that an archive gives: only the files of a bundle, once they are verified.
    What stands under that id and is damaged is replaced; another whole model is not.
    """
    bundle = read_bundle(source)
    contents = _contents(bundle)
    target = models_folder / bundle.id
    installed = _whole(target)
    if installed is not None:
        if installed.card != bundle.card:
            raise BundleError(f"Another model {bundle.id} is installed already; remove it first or raise the version.")
        return installed
    _write_folder(target, contents)
    return read_bundle(target)


def _whole(folder: Path) -> ModelBundle | None:
    """The bundle in `folder`; None where there is none, or a damaged one."""
    try:
        return read_bundle(folder)
    except BundleError:
        return None


def _contents(bundle: ModelBundle) -> dict[str, bytes]:
    return {
        CARD: card_text(bundle.card).encode("utf-8"),
        **{name: bundle.content(name) for name in bundle.card.file_names},
    }


def _write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    """Write beside the target, then swap, so that no reader meets half a bundle."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        fresh = temporary / "new"
        fresh.mkdir()
        for name, content in contents.items():
            (fresh / name).write_bytes(content)
        _swap(folder, fresh, temporary / "old")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap(folder: Path, fresh: Path, aside: Path) -> None:
    """Put `fresh` in the place of `folder`; where that fails, what stood there comes back."""
    if folder.exists():
        folder.rename(aside)
    try:
        fresh.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise


def _names(location: Path) -> set[str]:
    try:
        if location.is_dir():
            return {entry.name for entry in location.iterdir() if entry.name not in _LITTER}
        with zipfile.ZipFile(location) as archive:
            return {member.filename for member in archive.infolist()}
    except FileNotFoundError as error:
        raise BundleError("There is no model at this place.") from error
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise BundleError("This is not a model bundle.", detail=str(error)) from error


def _read_file(location: Path, name: str) -> bytes:
    """One file of a bundle, capped. A link in a folder is refused: it may point anywhere."""
    limit = LIMIT_BYTES[name]
    try:
        if location.is_dir():
            path = location / name
            if path.is_symlink() or not path.is_file():
                raise BundleError(f"The model's file {name} is no plain file.")
            with path.open("rb") as stream:
                content = stream.read(limit + 1)
        else:
            with zipfile.ZipFile(location) as archive, archive.open(name) as member:
                content = member.read(limit + 1)
    except _UNREADABLE as error:
        raise BundleError(f"The model's file {name} can't be read.", detail=str(error)) from error
    if len(content) > limit:
        raise BundleError(f"The model's file {name} is larger than any real one.")
    return content
