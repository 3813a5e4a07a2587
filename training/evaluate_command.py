"""`main.py evaluate`: check a model on labelled films of one's own (contract.md)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from imaging.errors import FilmError, NegatoscopeError
from imaging.progress import CancelToken

if TYPE_CHECKING:
    from inference.bundles.card import Measure
    from inference.scoring.local_table import LocalTable

ALL_DONE, USAGE, SOME_REFUSED = 0, 2, 3
SAID = ("auc", "sensitivity", "specificity", "calibration_error")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the contract, and the graph that is to be checked."""
    parser.add_argument("--model", required=True, metavar="ID", help="a name, name@version, or a bundle's path")
    parser.add_argument(
        "films",
        type=Path,
        metavar="DIR|CSV",
        help="class folders named after the card's labels, in train, val, test or not; or columns path, label, patient",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="F.json", help="the measures with 95 %% intervals")
    parser.add_argument("--quantised", action="store_true", help="check the 8-bit graph, at its own operating points")


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Evaluate a model. 0 all done; 3 some films were refused; 2 where the command can't be carried out."""
    try:
        return _evaluate(options, out)
    except NegatoscopeError as error:
        err.write(f"{error.message}\n")
        return USAGE


def _evaluate(options: argparse.Namespace, out: TextIO) -> int:
    from inference.bundles.models_dir import find
    from inference.engines.device import choose_engine, usable_cores
    from inference.engines.served import scores_sha256
    from inference.scoring.pipeline import Analyser
    from inference.scoring.similar import trained_on
    from training.films.labelled_set import films_of, read_set
    from training.judging.evaluate import judge, local_check, report

    bundle = find(options.model)
    known = trained_on(bundle)
    entries = read_set(options.films, bundle.card)
    _check_out(options.out, options.films)
    cores, token = usable_cores(), CancelToken()
    engine = choose_engine(bundle, "auto", "auto", 1, quantised=options.quantised)  # one core for each batch
    analyser = Analyser(bundle, engine)
    out.write(f"{bundle.card.title} ({bundle.id}), {engine.why}\n")
    judged = judge(analyser, films_of(entries, options.out, token), cores, token, lanes=cores)
    found = report(analyser.card, bundle.weights_sha256, judged, known)
    _write(options.out, found)
    promised = {} if options.quantised else bundle.card.metrics  # those of the float32 graph
    out.write(_summary(found, promised, said=bool(known)))
    scored_by = scores_sha256(bundle.card, bundle.weights_sha256, engine.name)
    today = datetime.now().astimezone().date().isoformat()
    out.write(_kept(local_check(analyser.card, scored_by, judged, known, today)))
    out.write(f"Written to {options.out}\n")
    return SOME_REFUSED if found["refused"] else ALL_DONE


def _check_out(out: Path, films: Path) -> None:
    """Before minutes of work: can the report be written there, and would it destroy a film or the labels?"""
    from imaging.read.sniff import sniff

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists() and (not out.is_file() or out.samefile(films)):
            raise NegatoscopeError(f"The report can't be written over {out}.")
    except OSError as error:
        raise NegatoscopeError(f"The report can't be written to {out}.", detail=type(error).__name__) from error
    try:
        sniff(out)
    except FilmError:
        return
    raise NegatoscopeError(f"{out} is a film; the report is not written over it.")


def _write(path: Path, content: Mapping[str, Any]) -> None:
    from imaging.atomic import replace_file

    try:
        replace_file(path.resolve(), json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        raise NegatoscopeError(f"The report can't be written to {path}.", detail=type(error).__name__) from error


def _kept(table: LocalTable) -> str:
    """Keep the check for the window, and say so. It puts no point into force; only the reader does."""
    from inference.scoring.local_table import write_local_table
    from inference.scoring.operating import OperatingTable

    if not table.operating:
        return "No operating table was kept: that takes ill and healthy films that the model was not trained on.\n"
    path = write_local_table(table)
    said = (
        f"{label} from {points.recommended:.4f}: {OperatingTable(points, own=True).sentence(0.95)}\n"
        for label, points in table.operating.items()
    )
    return "".join(said) + f"Operating table: {path}\n"


def _summary(found: Mapping[str, Any], metrics: Mapping[str, Mapping[str, Measure]], *, said: bool) -> str:
    """Counts, then each measure beside what the card promises. `said`: the bundle lists films it was trained on."""
    lines = [
        f"{found['films']} films, {found['patients']} patients scored, {found['gated']} kept out by the gate, "
        f"{found['refused']} refused."
    ]
    if found["trained_on"]:
        lines.append(
            f"The model was trained on {found['trained_on']} of these films: what it says of them proves little."
        )
    elif not said:
        lines.append("Whether the model was trained on any of these films, its card does not say.")
    for label, measures in found["labels"].items():
        promised = metrics.get(label, {})
        for name in SAID:
            beside = f"; the card says {promised[name].value:.3f}" if name in promised else ""
            lines.append(f"{label} {name.replace('_', ' ')}: {_with_interval(measures[name])}{beside}")
    return "\n".join(lines) + "\n"


def _with_interval(measure: Mapping[str, float | None]) -> str:
    value, low, high = measure["value"], measure["low"], measure["high"]
    if value is None:
        return "not defined by these films"
    return f"{value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")
