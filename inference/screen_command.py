"""`main.py screen`: the arguments of the contract, and the exit status."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken

if TYPE_CHECKING:
    from inference.card import ModelCard

ALL_DONE, USAGE, SOME_REFUSED, INTERRUPTED = 0, 2, 3, 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract."""
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="films and folders of films")
    parser.add_argument("--model", required=True, metavar="ID", help="a name, name@version, or a bundle's path")
    parser.add_argument("--out", type=Path, required=True, metavar="F.jsonl", help="one JSON line a film")
    parser.add_argument("--heatmaps", type=Path, metavar="DIR", help="write heat maps as PNG files of the film's size")
    parser.add_argument("--engine", choices=("auto", "onnx", "torch"), default="auto")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--quantised", action="store_true", help="the 8-bit graph, with operating points of its own")
    point = parser.add_mutually_exclusive_group()
    point.add_argument("--sensitivity", type=_share, metavar="S", help="operating point by sensitivity, 0 to 1")
    point.add_argument("--threshold", type=_share, metavar="T", help="operating point by probability, 0 to 1")
    parser.add_argument("--insist", action="store_true", help="score films that the model's gate would keep out")
    parser.add_argument("--resume", action="store_true", help="keep the lines that F.jsonl has and go on")


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Screen films. 0 all done; 3 some inputs were refused; 2 where the command can't be carried out."""
    try:
        return _screen(options, out)
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        return USAGE
    except KeyboardInterrupt:
        err.write("Interrupted. The lines written so far stay; --resume goes on behind them.\n")
        return INTERRUPTED


def _screen(options: argparse.Namespace, out: TextIO) -> int:
    from inference.device import choose_engine, usable_cores
    from inference.models_dir import find
    from inference.pipeline import Analyser
    from inference.screen import Screening, screen
    from inference.screen_rows import Terms, open_lines
    from inference.served import is_int8

    bundle = find(options.model)
    engine = choose_engine(bundle, options.engine, options.device, usable_cores(), quantised=options.quantised)
    analyser = Analyser(bundle, engine, insist=options.insist)
    points, int8 = _points(options, analyser.card), is_int8(engine.name)
    terms = Terms(bundle.id, bundle.weights_sha256, points, options.heatmaps is not None, int8)
    _make_folder(options.heatmaps)
    lines = open_lines(options.out, terms, resume=options.resume)
    own = [path for path in (options.out, options.heatmaps) if path is not None]
    out.write(f"{bundle.card.title} ({bundle.id}), {engine.why}\n")
    with lines.stream:
        screen(
            Screening(analyser, terms, options.heatmaps, usable_cores()),
            options.paths,
            lines,
            own,
            CancelToken(),
        )
    tally = lines.tally
    count = "1 line" if tally.films == 1 else f"{tally.films} lines"
    out.write(f"{count}: {tally.flagged} flagged, {tally.gated} kept out by the gate, {tally.refused} refused. ")
    out.write(f"Written to {options.out}\n")
    return SOME_REFUSED if tally.refused else ALL_DONE


def _points(options: argparse.Namespace, card: ModelCard) -> dict[str, float]:
    """The operating points in force, by finding."""
    from inference.operating import points_for_sensitivity, recommended_points

    if options.threshold is not None:
        return dict.fromkeys(card.findings, options.threshold)
    if options.sensitivity is not None:
        return points_for_sensitivity(card, options.sensitivity)
    return recommended_points(card)


def _make_folder(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NegatoscopeError(f"The heat maps can't be written to {folder}.", detail=str(error)) from error


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a number from 0 to 1") from error
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a number from 0 to 1")
    return value
