"""Every backbone with a linear and a dense head at full size: the worst differences, against contract.md's tolerances.

Random weights as in the tests. Three labels, three films. Ends with status 1 where a tolerance is not kept.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.all_backbones [NAME ...] [--size PX] [--cuda]    (ten minutes)
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from inference.bundles.models_verify import relative_difference
from inference.engines.device import choose_engine
from inference.engines.engine import Output
from inference.networks.backbones import BACKBONES, BackboneSpec
from inference.networks.head_spec import LINEAR, HeadSpec
from inference.scoring.scores import probabilities
from tests.networks import Trial, card_for, cloudy_films, trial

HEADS = {"linear": LINEAR, "dense": HeadSpec(hidden=(256, 64), dropout=0.3)}
TOLERANCES = {
    "score": 1e-4,
    "map": 1e-3,
    "Grad-CAM": 1e-4,
    "again": 0.0,
    "batch": 1e-6,
    "CUDA score": 1e-4,
    "CUDA map": 1e-3,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of the backbones; all where none is named", metavar="NAME")
    parser.add_argument("--size", type=int, help="of the films, instead of each backbone's usual size")
    parser.add_argument("--cuda", action="store_true", help="hold the GPU against ONNX Runtime as well")
    options = parser.parse_args()
    columns = list(TOLERANCES)[: None if options.cuda else 5]
    print(f"{'':40s}{'head':8s}{'px':>5s}{'Mio.':>7s}{'grid':>8s}" + "".join(f"{name:>12s}" for name in columns))
    print(f"{'at most':68s}" + "".join(f"{TOLERANCES[name]:12.0e}" for name in columns))
    failed = False
    for spec in (BACKBONES[name] for name in options.names or BACKBONES):
        for head in HEADS:
            found = measured(spec, head, options.size or spec.size_px, cuda=options.cuda)
            failed |= any(not found[1][name] <= TOLERANCES[name] for name in columns)
            print(found[0] + "".join(f"{found[1][name]:12.1e}" for name in columns), flush=True)
    return 1 if failed else 0


def measured(spec: BackboneSpec, head: str, size_px: int, *, cuda: bool) -> tuple[str, dict[str, float]]:
    """The start of a row, and differences by column: scores absolute, maps as shares of the largest value."""
    with tempfile.TemporaryDirectory() as folder:
        card = card_for(spec, HEADS[head], size_px)
        tried = trial(Path(folder) / card.id, card, cloudy_films(size_px, count=3))
        differences = {
            "score": tried.score_difference(),
            "map": tried.map_difference(),
            "Grad-CAM": tried.cam_difference(),
            "again": against(tried, choose_engine(tried.bundle, "onnx").run(tried.films))[1],
            "batch": against(tried, choose_engine(tried.bundle, "onnx").run(tried.films[:1]))[0],
        }
        if cuda:
            gpu = against(tried, choose_engine(tried.bundle, "torch", "cuda").run(tried.films))
            differences |= {"CUDA score": gpu[0], "CUDA map": gpu[1]}
    millions = sum(value.numel() for value in tried.network.weights().values()) / 1e6
    height, width = tried.onnx.class_maps.shape[2:]
    return f"{spec.title:40s}{head:8s}{size_px:5d}{millions:7.1f}{f'{height} x {width}':>8s}", differences


def against(tried: Trial, other: Output) -> tuple[float, float]:
    """How far the scores and the maps of the first films in `other` are from those of ONNX Runtime."""
    count = len(other.logits)
    scores = [probabilities(tried.bundle.card, logits) for logits in (other.logits, tried.onnx.logits[:count])]
    return float(np.abs(scores[0] - scores[1]).max()), relative_difference(
        other.class_maps, tried.onnx.class_maps[:count]
    )


if __name__ == "__main__":
    sys.exit(main())
