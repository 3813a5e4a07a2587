"""Screening with heat maps against the loop a user would write. Ratios of one run on this machine.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_screen [FILMS] [--model ID] [--rounds N]

The loop: Pillow or pydicom, torch eager, Grad-CAM by a hook and `backward()`, the map scaled to the film and saved as
PNG, one JSON line a film. A second loop asks autograd for the gradient of the last layer only. Both sides have the same
weights, films, outputs and cores; they take turns, and the best of each counts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from imaging.progress import CancelToken
from inference.bundles.bundle import ModelBundle, write_bundle
from inference.bundles.card import BundleError
from inference.bundles.models_dir import find
from inference.engines.device import choose_engine, usable_cores
from inference.engines.torch_engine import load_network
from inference.networks.network import FilmNetwork
from inference.scoring.operating import recommended_points
from inference.scoring.pipeline import Analyser
from inference.scoring.preprocess import PreprocessSpec
from inference.screening.screen import Screening, screen
from inference.screening.screen_lines import open_lines
from inference.screening.screen_rows import Terms
from tests.bundles import card_of, random_network

FILMS = Path(__file__).parents[3] / "shared" / "data" / "films"
Job = Callable[[Path], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, nargs="?", default=FILMS)
    parser.add_argument("--model", default="pneumonia")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bundle = chosen_bundle(options.model, Path(folder))
        network = load_network(bundle)
        jobs: dict[str, Job] = {
            "screen": lambda out: ours(bundle, options.films, out),
            "loop, backward()": lambda out: loop(network, options.films, out, whole=True),
            "loop, last layer only": lambda out: loop(network, options.films, out, whole=False),
        }
        best = fastest(jobs, options.rounds, Path(folder))
        count = sum(1 for _ in film_files(options.films))
    print(f"{count} films, {bundle.id}, {usable_cores()} cores; milliseconds a film: wall, CPU")
    for name, (wall, cpu) in best.items():
        ratio = f"  screen is {wall / best['screen'][0]:.1f} times faster" if name != "screen" else ""
        print(f"{name:24s}{1e3 * wall / count:8.1f}{1e3 * cpu / count:8.1f}{ratio}")


def chosen_bundle(model: str, folder: Path) -> ModelBundle:
    """The named model, or MobileNetV2 with random weights where it is not installed: speed does not depend on them."""
    try:
        return find(model)
    except BundleError:
        card = card_of(name="random", backbone="mobilenet_v2", preprocess=PreprocessSpec())
        return write_bundle(folder / "random@1", card, random_network(card))


def fastest(jobs: dict[str, Job], rounds: int, folder: Path) -> dict[str, tuple[float, float]]:
    """The least wall and CPU seconds of each job; the jobs take turns, after one turn that does not count."""
    best = dict.fromkeys(jobs, (float("inf"), float("inf")))
    for turn in range(rounds + 1):
        for number, (name, job) in enumerate(jobs.items()):
            out = folder / f"{turn}-{number}"
            out.mkdir()
            wall, cpu = time.perf_counter(), time.process_time()
            job(out)
            spent = time.perf_counter() - wall, time.process_time() - cpu
            if turn:
                best[name] = min(best[name][0], spent[0]), min(best[name][1], spent[1])
    return best


def ours(bundle: ModelBundle, films: Path, out: Path) -> None:
    """The work of `main.py screen`, the loading of the engine included."""
    analyser = Analyser(bundle, choose_engine(bundle, "onnx", threads=1))
    terms = Terms(bundle.id, bundle.weights_sha256, recommended_points(bundle.card), heatmaps=True)
    lines = open_lines(out / "r.jsonl", terms, resume=False)
    with lines.stream:
        screen(Screening(analyser, terms, out, usable_cores()), [films], lines, CancelToken())


def loop(network: FilmNetwork, films: Path, out: Path, *, whole: bool) -> None:
    """What a user would write. `whole`: the gradient through the whole network, as the tutorials do it."""
    with (out / "r.jsonl").open("w", encoding="utf-8") as lines:
        for number, path in enumerate(film_files(films)):
            grey = np.asarray(read_film(path))
            side = (224, 224)
            film = torch.from_numpy(np.asarray(Image.fromarray(grey).resize(side)) / np.float32(255))[None, None]
            probability, cam = scored(network, film, whole=whole)
            shown = torch.nn.functional.interpolate(cam[None, None], grey.shape, mode="bilinear")[0, 0]
            heat = (255 * (shown / max(float(shown.max()), 1e-6))).byte().numpy()
            Image.fromarray(heat).save(out / f"{number}.png")
            lines.write(json.dumps({"path": str(path), "probability": probability}) + "\n")


def scored(network: FilmNetwork, film: torch.Tensor, *, whole: bool) -> tuple[float, torch.Tensor]:
    """The probability of one film [1, 1, S, S] and its Grad-CAM [h, w]."""
    kept: list[torch.Tensor] = []
    handle = network.features.register_forward_hook(lambda module, given, activation: kept.append(activation))
    activation = network.features(network.normalise(film))
    handle.remove()
    logit = network.head(kept[0].mean(dim=(2, 3)))[0, 0]
    if whole:
        kept[0].retain_grad()
        network.zero_grad()
        logit.backward()
        gradient = kept[0].grad
    else:
        (gradient,) = torch.autograd.grad(logit, kept[0])
    assert gradient is not None
    cam = (gradient.mean(dim=(2, 3), keepdim=True) * activation).sum(dim=1)[0].relu()
    return float(logit.detach().sigmoid()), cam.detach()


def read_film(path: Path) -> Image.Image:
    if path.suffix == ".dcm":
        from pydicom import dcmread

        stored = dcmread(path).pixel_array.astype(np.float32)
        return Image.fromarray((255 * (stored - stored.min()) / max(np.ptp(stored), 1)).astype(np.uint8))
    with Image.open(path) as picture:
        return picture.convert("L")


def film_files(films: Path) -> Iterator[Path]:
    return (path for path in sorted(films.rglob("*")) if path.suffix in (".jpeg", ".jpg", ".png", ".dcm"))


if __name__ == "__main__":
    main()
