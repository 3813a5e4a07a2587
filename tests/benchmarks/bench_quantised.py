"""The int8 graph against float32, and OpenVINO against ONNX Runtime where it is installed. Ratios of one run.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_quantised [MODEL ...] [--rounds N] [--threads N]

MODEL is a model, or a backbone of the table, which gets random weights. For batches of 1 and 4 the engines take turns
on the same films; the median CPU time of each counts, which other programs disturb less than the clock. A model that
carries no int8 graph gets all those that sealing would try, with ranges seen on noise: their speed is right, their
scores mean nothing. The threads of OpenVINO count like those of this process.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from inference.bundles.bundle import ModelBundle, write_bundle
from inference.bundles.card import GRAPH
from inference.bundles.models_dir import find
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, Floats
from inference.engines.onnx_engine import INT8, OnnxEngine
from inference.networks.backbones import BACKBONES, BackboneSpec
from inference.networks.head_spec import LINEAR
from inference.scoring.preprocess import to_input
from tests.networks import card_for, cloudy_films, stirred_network
from training.sealing.int8_graph import Int8Maker

BATCHES = (1, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", default=["pneumonia", "practice"])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    print("CPU milliseconds a film, and how many times faster than ONNX Runtime in float32")
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            bundle = random_bundle(BACKBONES[name], Path(folder)) if name in BACKBONES else find(name)
            engines = engines_of(bundle, options.threads)
        for batch in BATCHES:
            spent = in_turns(engines, noise(bundle, batch), options.rounds)
            print(f"{name}, {bundle.card.preprocess.size_px} px, batch {batch}, threads {options.threads}")
            for engine, seconds in spent.items():
                print(f"  {engine:52s}{1e3 * seconds / batch:8.2f}{spent['float32, ONNX Runtime'] / seconds:8.2f}")


def random_bundle(spec: BackboneSpec, folder: Path) -> ModelBundle:
    """A bundle of a backbone at its usual size, with weights of ordinary size and three findings."""
    card = card_for(spec, LINEAR, spec.size_px)
    return write_bundle(folder / card.id, card, stirred_network(card, cloudy_films(spec.size_px, count=2)))


def engines_of(bundle: ModelBundle, threads: int) -> dict[str, Engine]:
    engines = {"float32, ONNX Runtime": choose_engine(bundle, "onnx", threads=threads)}
    if bundle.card.quantised is not None:
        engines["int8, ONNX Runtime"] = choose_engine(bundle, threads=threads, quantised=True)
    else:
        engines |= quantised_here(bundle, threads)
    if find_spec("openvino") is not None:
        from inference.engines.openvino_engine import OpenVinoEngine

        engines["float32, OpenVINO"] = OpenVinoEngine(bundle, "", threads)
    return engines


def quantised_here(bundle: ModelBundle, threads: int) -> dict[str, Engine]:
    """Every graph that sealing tries, by what it leaves in float32."""
    with Int8Maker(bundle.content(GRAPH), (255 * noise(bundle, 8)[:, 0]).astype(np.uint8)) as maker:
        return {
            f"int8 but for {left}": OnnxEngine(graph, bundle.card, INT8, "", threads) for left, graph in maker.graphs()
        }


def noise(bundle: ModelBundle, films: int) -> Floats:
    side = bundle.card.preprocess.size_px
    return to_input(np.random.default_rng(0).integers(0, 256, (films, side, side), dtype=np.uint8))


def in_turns(engines: dict[str, Engine], films: Floats, rounds: int) -> dict[str, float]:
    """The median CPU seconds of a batch by engine; the first round does not count."""
    spent: dict[str, list[float]] = {name: [] for name in engines}
    for turn in range(rounds + 1):
        for name, engine in engines.items():
            start = time.process_time()
            engine.run(films)
            spent[name] += [time.process_time() - start] if turn else []
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


if __name__ == "__main__":
    main()
