"""Score and heat map of one film: our ONNX engine (all labels' maps, laid on the input's square) against
pytorch-grad-cam (score and one map) on the very same network and weights, in turns in one run.

pytorch-grad-cam (MIT licence) is used for measuring only. It wants opencv-python-headless, which clashes with ours, so
that it gets an environment of its own: made in --env where there is none, with this one's torch and torchvision.

usage: python -m tests.benchmarks.bench_gradcam --env DIR [--rounds N] [--threads N] [--backbones NAME ...]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from imaging.heatmap import Heatmap
from imaging.show.heatmap import on_film
from inference.bundles.bundle import ModelBundle, write_bundle
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, Floats
from inference.networks.backbones import BACKBONES
from inference.scoring.preprocess import PreprocessSpec, to_input
from tests.benchmarks.beside import python_with
from tests.bundles import card_of, random_network

GRAD_CAM = "grad-cam==1.5.7"
AIMS = {"mobilenet_v2": 8.0, "densenet121": 5.0, "resnet50": 5.0}
SIZE_PX = 224
ROOT = Path(__file__).parents[2]
Spent = tuple[float, float]  # CPU and wall seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path, required=True, help="the environment of pytorch-grad-cam")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1, help="of either side")
    parser.add_argument("--backbones", nargs="+", default=[name for name in AIMS if name in BACKBONES])
    options = parser.parse_args()
    python = python_with(GRAD_CAM, options.env)
    torch.set_num_threads(1)
    print(
        f"{SIZE_PX} px, one film, {options.threads} thread(s), {options.rounds} rounds in turns; milliseconds a film:"
    )
    print("median (10th to 90th percentile)\n")
    print(f"{'':14s}{'':6s}{'ONNX, all maps':>26s}{'pytorch-grad-cam':>26s}{'ratio':>8s}{'aim':>6s}{'maps':>8s}")
    for name in options.backbones:
        with tempfile.TemporaryDirectory() as folder:
            bundle = random_bundle(Path(folder) / "random@1", name)
            compare(name, bundle, python, options.rounds, options.threads)


def random_bundle(folder: Path, backbone: str) -> ModelBundle:
    """A network with random weights: their values cost no time."""
    spec = BACKBONES[backbone]
    card = card_of(
        name="random", backbone=backbone, preprocess=PreprocessSpec(size_px=SIZE_PX, mean=spec.mean, std=spec.std)
    )
    return write_bundle(folder, card, random_network(card))


def compare(name: str, bundle: ModelBundle, python: Path, rounds: int, threads: int) -> None:
    """The two lines of one backbone: CPU and wall time."""
    film = to_input(np.random.default_rng(0).integers(0, 256, (1, SIZE_PX, SIZE_PX), np.uint8))
    engine = choose_engine(bundle, "onnx", "cpu", threads=threads)
    ours: list[Spent] = []
    theirs: list[Spent] = []
    with peer(python, bundle, film, threads) as ask:
        agreement = same_map(engine, film, ask("map"))
        for _ in range(3):
            ours_once(engine, film), ask("time")
        for _ in range(rounds):
            ours.append(ours_once(engine, film))
            answer = ask("time")
            theirs.append((answer["cpu_s"], answer["wall_s"]))
    for number, kind in enumerate(("CPU", "wall")):
        own, peers = ([1e3 * spent[number] for spent in side] for side in (ours, theirs))
        ratio = statistics.median(peers) / statistics.median(own)
        print(
            f"{name:14s}{kind:6s}{spread(own):>26s}{spread(peers):>26s}{ratio:8.1f}{AIMS.get(name, 0):6.0f}"
            f"{agreement:8.4f}",
            flush=True,
        )


def ours_once(engine: Engine, film: Floats) -> Spent:
    """Score and all maps, each laid on the input's square as pytorch-grad-cam does with its one."""
    wall, cpu = time.perf_counter(), time.process_time()
    output = engine.run(film)
    for raw in output.class_maps[0]:
        on_film(Heatmap("map", raw, 1.0), (SIZE_PX, SIZE_PX))
    return time.process_time() - cpu, time.perf_counter() - wall


def same_map(engine: Engine, film: Floats, answer: dict[str, Any]) -> float:
    """Pearson's r of the two painted maps: theirs is scaled to its own maximum and resized bilinearly."""
    import cv2

    output = engine.run(film)
    if abs(float(output.logits[0, 0]) - answer["score"]) > 1e-3 * max(1.0, abs(answer["score"])):
        raise SystemExit("the two networks do not give the same score")
    raw = np.maximum(output.class_maps[0, 0], 0.0)
    painted = cv2.resize(raw, (SIZE_PX, SIZE_PX))
    return float(np.corrcoef(painted.ravel(), np.array(answer["map"]).ravel())[0, 1])


def spread(values: Sequence[float]) -> str:
    low, high = np.percentile(values, [10, 90])
    return f"{statistics.median(values):.1f} ({low:.1f}-{high:.1f})"


@contextmanager
def peer(python: Path, bundle: ModelBundle, film: Floats, threads: int) -> Iterator[Callable[[str], dict[str, Any]]]:
    """The other side in its process, waiting between calls: it takes no CPU while ours runs."""
    films = bundle.location / "film.npy"
    np.save(films, film)
    films_beside = films.rename(bundle.location.parent / "film.npy")  # a bundle holds nothing but its own files
    command = [
        str(python),
        "-m",
        "tests.benchmarks.gradcam_peer",
        str(bundle.location),
        str(films_beside),
        str(threads),
    ]
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.loads(process.stdout.readline())

        def ask(what: str) -> dict[str, Any]:
            print(what, file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return answer

        yield ask
        process.stdin.close()


if __name__ == "__main__":
    main()
