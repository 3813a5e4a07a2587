"""Score and heat map of one film by each way, one thread: ratios of one run on this machine.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_gradcam [--rounds N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from inference.bundle import write_bundle
from inference.device import choose_engine
from inference.preprocess import PreprocessSpec, to_input
from inference.torch_engine import load_network
from tests.benchmarks.bench_screen import scored
from tests.bundles import card_of, random_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    card = card_of(name="random", backbone="mobilenet_v2", preprocess=PreprocessSpec())
    film = to_input(np.random.default_rng(0).integers(0, 256, (1, 224, 224), np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        bundle = write_bundle(Path(folder) / "random@1", card, random_network(card))
        onnx, eager = choose_engine(bundle, "onnx", threads=1), choose_engine(bundle, "torch", "cpu")
        network = load_network(bundle)
    ways: dict[str, Callable[[], object]] = {
        "ONNX Runtime, closed form": lambda: onnx.run(film),
        "torch, closed form": lambda: eager.run(film),
        "torch, gradient of the last layer": lambda: scored(network, torch.from_numpy(film), whole=False),
        "torch, backward()": lambda: scored(network, torch.from_numpy(film), whole=True),
    }
    spent = {name: least_cpu_s(way, rounds) for name, way in ways.items()}
    first = spent["ONNX Runtime, closed form"]
    print("MobileNetV2, 224 px, one film, one thread; CPU milliseconds, and against ONNX Runtime")
    for name, seconds in spent.items():
        print(f"{name:36s}{1e3 * seconds:8.1f}{seconds / first:8.1f}")


def least_cpu_s(way: Callable[[], object], rounds: int) -> float:
    way()
    least = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        way()
        least = min(least, time.process_time() - start)
    return least


if __name__ == "__main__":
    main()
