"""`main.py models`: list, show, import, export and verify bundles."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from inference.bundles.bundle import ModelBundle
    from inference.bundles.card import ModelCard, QuantisedSpec

DONE, USAGE, REFUSED = 0, 2, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract; each verb names the function that carries it out."""
    verbs = parser.add_subparsers(required=True, metavar="list|show|import|export|verify")
    verbs.add_parser("list", help="the installed models").set_defaults(verb=_list)
    show = verbs.add_parser("show", help="what a model's card says")
    show.add_argument("id", metavar="ID")
    show.add_argument("--json", action="store_true", help="the whole card")
    show.set_defaults(verb=_show)
    take = verbs.add_parser("import", help="verify a bundle and install it for this user")
    take.add_argument("file", type=Path, metavar="F", help="a zip file or a folder")
    take.set_defaults(verb=_import)
    give = verbs.add_parser("export", help="write a model as a zip file for exchange")
    give.add_argument("id", metavar="ID")
    give.add_argument("file", type=Path, metavar="F")
    give.set_defaults(verb=_export)
    check = verbs.add_parser("verify", help="hashes, tensors, graph, both engines and Grad-CAM")
    check.add_argument("id", metavar="ID|F")
    check.set_defaults(verb=_verify)


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """0 done; 3 where the bundle is refused; 2 where the command can't be carried out."""
    from inference.bundles.card import BundleError
    from inference.bundles.models_dir import UnknownModelError

    try:
        options.verb(options, out)
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        refused = isinstance(error, BundleError) and not isinstance(error, UnknownModelError)
        return REFUSED if refused else USAGE
    except BrokenPipeError:  # of whoever reads what is printed; no model is in it
        raise
    except OSError as error:
        err.write(f"The model can't be written: {error.strerror}.\n")
        return USAGE
    return DONE


def _list(options: argparse.Namespace, out: TextIO) -> None:
    from inference.bundles.models_dir import Installed, survey

    for item in survey():
        if isinstance(item, Installed):
            out.write(f"{item.id}\t{item.card.title}\t{', '.join(item.card.findings)}\t{item.location}\n")
        else:
            out.write(f"{item.location.name}\tcan't be used: {item.reason}\t\t{item.location}\n")


def _show(options: argparse.Namespace, out: TextIO) -> None:
    from inference.bundles.card_text import card_text
    from inference.bundles.models_dir import find

    card = find(options.id).card
    out.write(card_text(card) if options.json else "".join(f"{line}\n" for line in _lines(card)))


def _lines(card: ModelCard) -> list[str]:
    """The card in words."""
    from inference.networks.backbones import BACKBONES
    from inference.scoring.operating import NOT_CHECKED, OperatingTable

    lines = [
        f"{card.title} ({card.id})",
        f"labels: {', '.join(card.labels)}; findings: {', '.join(card.findings)}",
        f"network: {BACKBONES[card.backbone].title}, {card.preprocess.size_px} px, from {card.start.described}",
        f"films: {card.data.films:,} of {card.data.patients:,} patients. {card.data.summary}",
        f"source: {card.data.source} ({card.data.licence})",
        f"intended use: {card.intended_use}",
        *(f"limit: {limit}" for limit in card.limits),
    ]
    for label, points in card.operating.items():
        lines.append(f"{label}: operating point {points.recommended:.4f}, {NOT_CHECKED}")
        lines.append(f"{label}: {OperatingTable(points).sentence_at(points.recommended)}")
        measures = card.metrics.get(label, {})
        lines += [f"{label}: {name} {m.value:.3f} ({m.low:.3f} to {m.high:.3f})" for name, m in measures.items()]
    if card.quantised is not None:
        lines += _quantised_lines(card.quantised)
    lines += [f"licence: {card.licence.splitlines()[0] if card.licence else ''}"]
    return lines + [f"sha256 of {name}: {digest}" for name, digest in card.files.items()]


def _quantised_lines(spec: QuantisedSpec) -> list[str]:
    """What the int8 graph costs on the validation films, and where its scores are read."""
    costs = [
        f"{label}, quantised: AUC {change:+.4f}, maps correlate {spec.map_correlation[label]:.3f}"
        for label, change in spec.auc_change.items()
        if label in spec.map_correlation
    ]
    tables = spec.operating.items()
    return costs + [f"{label}, quantised: operating point {table.recommended:.4f}" for label, table in tables]


def _import(options: argparse.Namespace, out: TextIO) -> None:
    from inference.bundles.bundle import import_bundle, read_bundle
    from inference.bundles.card import BundleError
    from inference.bundles.models_dir import bundled_card, user_models_folder

    given = read_bundle(options.file)
    bundled = bundled_card(given.id)
    if bundled is not None and bundled != given.card:
        raise BundleError(f"A model {given.id} comes with the program and is another one; raise the version.")
    if bundled is not None:
        out.write(f"{given.id} comes with the program already\n")
        return
    _try_out(given)
    bundle = import_bundle(options.file, user_models_folder())
    out.write(f"{bundle.id} is installed in {bundle.location}\n")


def _export(options: argparse.Namespace, out: TextIO) -> None:
    from inference.bundles.bundle import export_zip
    from inference.bundles.models_dir import find

    bundle = find(options.id)
    export_zip(bundle, options.file)
    out.write(f"{bundle.id} is written to {options.file}\n")


def _verify(options: argparse.Namespace, out: TextIO) -> None:
    from inference.bundles.models_dir import find

    bundle = find(options.id)
    out.write(f"{bundle.id} is whole: every hash, tensor and operator is as its card says; {_try_out(bundle)}\n")


def _try_out(bundle: ModelBundle) -> str:
    """What a bundle shows when it runs. Raises BundleError where it is not what it should be."""
    from inference.bundles.models_verify import verify, verify_graph
    from inference.engines.torch_first import has_torch

    if not has_torch():
        verify_graph(bundle)
        return "its graph runs; it was not held against its weights, which needs PyTorch"
    found = verify(bundle)
    return (
        f"the engines agree to {found.probability:.1e} on probabilities and {found.maps:.1e} on maps, "
        f"Grad-CAM to {found.grad_cam:.1e}"
    )
