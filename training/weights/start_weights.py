"""Where a network's starting weights come from: one of four explicit choices, and the record of it for the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken, Progress, no_progress
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import StartRecord
from inference.networks.backbones import BackboneSpec
from inference.networks.network import FilmNetwork, load_start_weights
from inference.networks.stack import Stack
from training.weights.weights_limits import WeightsError
from training.weights.weights_sources import Work, imported_weights, published_weights
from training.weights.weights_store import Weights


@dataclass(frozen=True, slots=True)
class Scratch:
    """Random weights, because somebody asked for them."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The weights that torchvision publishes. Without `consent` nothing is fetched: what is here already is used."""

    consent: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that the user chose, safetensors or a `.pth`; for a stack one for each of its members, in their order."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class FromBundle:
    """The backbone of a model that is installed, and its head where `with_head`."""

    bundle: ModelBundle
    with_head: bool = False


StartChoice = Scratch | Downloaded | Imported | FromBundle


def start(
    network: FilmNetwork,
    choice: StartChoice,
    *,
    token: CancelToken | None = None,
    progress: Progress = no_progress,
) -> StartRecord:
    """Give a network the weights to start from and return the record for its card. The head stays as it is, unless the
    choice says otherwise.

    Raises WeightsError (ConsentNeededError where a download was not agreed to), BundleError, NegatoscopeError where the
    weights belong to another network, Cancelled.
    """
    work = Work(token or CancelToken(), progress)
    match choice:
        case Scratch():
            return StartRecord("scratch", "random weights")
        case Downloaded(consent):
            return _from_published(network, work, consent=consent)
        case Imported(paths):
            return _from_files(network, paths, work)
        case FromBundle(bundle, with_head):
            return _from_bundle(network, bundle, with_head=with_head)


def _from_published(network: FilmNetwork, work: Work, *, consent: bool) -> StartRecord:
    urls = [_url(part) for part in network.spec.parts]
    found = [published_weights(url, work, consent=consent) for url in urls]
    return _loaded(network, found, "downloaded", [f"torchvision's ImageNet weights, {url}" for url in urls])


def _url(part: BackboneSpec) -> str:
    if part.published is None:
        raise WeightsError(f"No weights are published for {part.title}; import a file, or start from scratch.")
    return part.published.url


def _from_files(network: FilmNetwork, paths: Sequence[Path], work: Work) -> StartRecord:
    wanted = len(network.spec.parts)
    if len(paths) != wanted:
        raise WeightsError(f"{network.spec.title} starts from {wanted} file{'s' * (wanted != 1)}, one a backbone.")
    found = [imported_weights(path, work) for path in paths]
    return _loaded(network, found, "imported", [f"the file {_printable(path.name)}" for path in paths])


def _loaded(
    network: FilmNetwork, found: Sequence[Weights], kind: Literal["downloaded", "imported"], described: Sequence[str]
) -> StartRecord:
    """Where one member's weights do not fit, all of them stay as they were: no network starts half of one kind."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        for member, weights in enumerate(found):
            load_start_weights(network, weights.tensors, member)
    except NegatoscopeError:
        network.load_state_dict(before)
        raise
    if len(found) == 1:
        return StartRecord(kind, described[0], found[0].source_sha256)
    named = (f"{words} (sha256 {weights.source_sha256})" for words, weights in zip(described, found, strict=True))
    return StartRecord(kind, "; ".join(named))


def _from_bundle(network: FilmNetwork, bundle: ModelBundle, *, with_head: bool) -> StartRecord:
    from inference.engines.torch_engine import load_network

    if bundle.card.backbone != network.spec.name:
        raise WeightsError(f"{network.spec.title} can't start from the model {bundle.id}, which has another backbone.")
    loaded = load_network(bundle)
    trunk = loaded.features
    members = list(trunk.members) if isinstance(trunk, Stack) else [trunk]
    for number, member in enumerate(members):
        tensors = {f"features.{name}": tensor for name, tensor in member.state_dict().items()}
        load_start_weights(network, tensors, number)
    if with_head:
        try:
            network.head.load_state_dict(loaded.head.state_dict())
        except RuntimeError as error:
            sentence = f"The head of the model {bundle.id} is another one; start from its backbone alone."
            raise WeightsError(sentence, detail=str(error)) from error
    parts = "backbone and head" if with_head else "backbone"
    return StartRecord("bundle", f"the {parts} of the model {bundle.id}", bundle.weights_sha256)


def _printable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())[:120]
