"""What do the most similar films say, seen from zero and seen from the mean of the training films?

For each way: how alike the 20th nearest reference film and any one are to a validation film (cosine, median),
and for how many validation films most of the nearest 20 have its label. Reference films are drawn as a bundle's are.

usage: OMP_NUM_THREADS=1 python -m tests.benchmarks.bench_similar [--films N] [--asked N] [--data DIR]   (three minutes)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.bundles.models_dir import find
from inference.engines.device import choose_engine
from inference.engines.engine import Floats
from inference.scoring.operating import wilson
from inference.scoring.similar import LOOKED_AT
from training.bundled.pneumonia import WORDS, read_material
from training.sealing.outputs import run_engine
from training.sealing.reference import digests_array, reference_of

DATA = Path(__file__).parents[3] / "shared" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=700, help="reference films")
    parser.add_argument("--asked", type=int, default=500, help="validation films")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    material = read_material(options.data / "kermany224", options.data / "films")
    training, validation = material.training(), material.validation()
    engine = choose_engine(find(WORDS.name), "onnx")
    embeddings = run_engine(engine, training.films).embedding
    finding = WORDS.labels[1]
    ill = training.truth[finding]
    labels = np.stack([~ill, ill], axis=1).astype(np.uint8)
    _, arrays = reference_of(embeddings, labels, training.digests, patients=training.patients, most=options.films)
    chosen = _places(arrays["digest"], training.digests)
    some = np.random.default_rng(0).permutation(len(validation))[: options.asked]
    asked, truth = run_engine(engine, validation.films[some]).embedding, validation.truth[finding][some]
    print(f"{len(chosen)} reference films, {len(some)} validation films of {WORDS.name}")
    print(
        f"{'seen from':12s}{f'{LOOKED_AT}th nearest':>16s}{'any':>8s}   most of the nearest {LOOKED_AT} have its label"
    )
    for name, centre in (("zero", np.zeros_like(arrays["centre"])), ("the mean", arrays["centre"])):
        cosines = _units(asked - centre) @ _units(embeddings[chosen] - centre).T
        nearest = np.argsort(-cosines, axis=1)[:, :LOOKED_AT]
        right = (ill[chosen][nearest].mean(axis=1) > 0.5) == truth
        last = np.take_along_axis(cosines, nearest[:, -1:], axis=1)
        share = wilson(int(right.sum()), len(right))
        print(
            f"{name:12s}{np.median(last):16.2f}{np.median(cosines):8.2f}   "
            f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"
        )


def _places(digests: npt.NDArray[np.uint8], films: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """Where the films of these digests, uint8 [M, 32], stand among all."""
    known = {row.tobytes(): place for place, row in enumerate(digests_array(films))}
    return np.array([known[row.tobytes()] for row in digests])


def _units(values: Floats) -> Floats:
    """Each of float32 [N, D] at length 1."""
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
