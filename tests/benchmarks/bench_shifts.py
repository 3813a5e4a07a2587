"""How the bundled pneumonia model bears changes of exposure, framing and resampling, against a linear head on frozen
ImageNet features trained on the same films. Both are judged on the validation part, at 95 % sensitivity there.

usage: python -m tests.benchmarks.bench_shifts [--data DIR] [--weights FILE] [--keep-out DIR]    (ten minutes)
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from inference.models_dir import find
from inference.network import FilmNetwork, build_network, load_start_weights
from inference.preprocess import Grey, to_input
from inference.torch_engine import load_network
from inference.trunk_weights import read_tensors
from training.bundled.pneumonia import PREPROCESS, WORDS, Material, read_material
from training.calibrate import RECOMMENDED_SENSITIVITY
from training.finetune import run_network
from training.metrics import at_threshold, auc
from training.shifts import SUITE, shifted

DATA = Path(__file__).parents[3] / "shared" / "data"
Scores = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "kermany224")
    parser.add_argument("--weights", type=Path, default=DATA / "weights" / "mobilenet_v2_imagenet.safetensors")
    parser.add_argument("--keep-out", type=Path, default=DATA / "films")
    options = parser.parse_args()
    material = read_material(options.data, options.keep_out)
    bundled = load_network(find(WORDS.name))
    models: dict[str, Callable[[Grey], Scores]] = {
        "bundled": lambda films: run_network(bundled, films)[0][:, 0].double().numpy(),
        "linear head": linear_head(material, options.weights),
    }
    print(f"{'':20s}" + "".join(f"{name:>34s}" for name in models))
    print(f"{'change':20s}" + f"{'AUC':>12s}{'sensitivity':>12s}{'spec.':>10s}" * len(models))
    validation = material.validation()
    ill = validation.truth[WORDS.labels[1]]
    points: dict[str, float] = {}
    for change in SUITE:
        films, row = shifted(validation.films, change), f"{change:20s}"
        for name, score in models.items():
            scores = score(films)
            points.setdefault(name, float(np.quantile(scores[ill], 1.0 - RECOMMENDED_SENSITIVITY)))
            at = at_threshold(ill, scores, points[name])
            row += f"{auc(ill, scores):12.4f}{at['sensitivity']:12.3f}{at['specificity']:10.3f}"
        print(row, flush=True)


def linear_head(material: Material, weights: Path) -> Callable[[Grey], Scores]:
    """Logistic regression on the pooled features of the untouched backbone."""
    from sklearn.linear_model import LogisticRegression

    network = build_network(WORDS.backbone, 1, PREPROCESS)
    load_start_weights(network, read_tensors(weights))
    chosen = material.split.train
    head = LogisticRegression(C=0.05, max_iter=2000, class_weight="balanced")
    head.fit(embeddings(network, material.films[chosen]), material.ill[chosen])
    return lambda films: np.asarray(head.decision_function(embeddings(network, films)))


def embeddings(network: FilmNetwork, films: Grey, batch: int = 64) -> npt.NDArray[np.float32]:
    """Pooled features, float32 [N, D], of films, uint8 [N, S, S]."""
    network.eval()
    parts = [films[start : start + batch] for start in range(0, len(films), batch)]
    with torch.inference_mode():
        return np.concatenate([network(torch.from_numpy(to_input(part)))[2].numpy() for part in parts])


if __name__ == "__main__":
    main()
