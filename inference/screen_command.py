"""`main.py screen`: the arguments of the contract, and the exit status."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from inference.bundles.card import ModelCard
    from inference.scoring.pipeline import Analyser
    from inference.screening.screen_rows import Tally, Terms
    from inference.screening.shards import Rank

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
    precision = "half: the network in 16 bits, on a GPU or with --engine torch; scores differ by up to 0.01"
    parser.add_argument("--precision", choices=("float32", "half"), default="float32", help=precision)
    views = "mean score over N slightly moved views of each film, at N times the network's time"
    parser.add_argument("--views", type=_views, default=1, metavar="N", help=views)
    parser.epilog = (
        "Under torchrun every process takes a share of the films, and the first merges their parts into F.jsonl;"
        " on several hosts its folder has to be shared."
    )


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Screen films. 0 all done; 3 some inputs were refused; 2 where the command can't be carried out.

    Of several processes (torchrun) the first speaks and has the status of the whole; the others say only what is wrong.
    """
    from inference.screening.shards import rank_of

    name = ""
    try:
        rank = rank_of(os.environ)
        name = f"{rank.described}: " if rank.rank else ""
        return _screen(options, rank, out)
    except NegatoscopeError as error:
        err.write(f"{name}{error.message}\n")
        return USAGE
    except KeyboardInterrupt:
        err.write(f"{name}Interrupted. The lines written so far stay; --resume goes on behind them.\n")
        return INTERRUPTED


def _screen(options: argparse.Namespace, rank: Rank, out: TextIO) -> int:
    from inference.engines.device import usable_cores
    from inference.screening.screen import Screening
    from inference.screening.screen_run import carry_out, wanted_files
    from inference.screening.shards import Shards

    analyser = _analyser(options, rank)
    terms = _terms(options, analyser)
    _make_folder(options.heatmaps)
    shards = Shards(options.out, rank)
    cores, wanted = max(1, usable_cores() // rank.local_world), wanted_files(shards, options.heatmaps)
    run = Screening(analyser, terms, options.heatmaps, cores, wanted)
    started = f"{analyser.card.title} ({terms.model}), {analyser.engine.why}\n" if rank.rank == 0 else ""
    resume = options.resume or rank.restarts > 0
    tally = carry_out(run, options.paths, shards, resume=resume, started=lambda: out.write(started))
    if tally is None:
        return ALL_DONE
    out.writelines(_words(tally, options))
    return SOME_REFUSED if tally.refused else ALL_DONE


def _analyser(options: argparse.Namespace, rank: Rank) -> Analyser:
    from inference.bundles.models_dir import find
    from inference.engines.device import GpuUse, choose_engine
    from inference.scoring.pipeline import Analyser
    from inference.scoring.views import with_views

    bundle = find(options.model)
    # One core for each batch: as many batches run at a time as there are cores, and none of them waits for another.
    use = GpuUse(rank.local_rank, half=options.precision == "half")
    engine = choose_engine(bundle, options.engine, options.device, 1, use, quantised=options.quantised)
    return Analyser(bundle, with_views(engine, options.views), insist=options.insist)


def _terms(options: argparse.Namespace, analyser: Analyser) -> Terms:
    from inference.engines.served import is_int8
    from inference.screening.screen_rows import Terms

    bundle, points, kept = analyser.bundle, _points(options, analyser.card), options.heatmaps is not None
    int8 = is_int8(analyser.engine.name)
    return Terms(bundle.id, bundle.weights_sha256, points, kept, int8, options.views, options.insist)


def _words(tally: Tally, options: argparse.Namespace) -> Iterator[str]:
    """What is said of the whole, in lines."""
    count = "1 line" if tally.films == 1 else f"{tally.films} lines"
    kinds = f"{tally.flagged} flagged, {tally.gated} kept out by the gate, {tally.refused} refused"
    yield f"{count}: {kinds}. Written to {options.out}\n"
    if tally.insisted:
        count = "1 film" if tally.insisted == 1 else f"{tally.insisted} films"
        yield f"Scored all the same, outside what the model knows: {count}, marked “+insisted”.\n"
    if options.views > 1:
        yield f"Scores are means over {options.views} views; the operating points were counted on one view.\n"


def _points(options: argparse.Namespace, card: ModelCard) -> dict[str, float]:
    """The operating points in force, by finding."""
    from inference.scoring.operating import points_for_sensitivity, recommended_points

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


def _views(text: str) -> int:
    from inference.scoring.views import MOST_VIEWS

    if not text.isdecimal() or not 1 <= int(text) <= MOST_VIEWS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_VIEWS}")
    return int(text)
