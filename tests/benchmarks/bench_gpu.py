"""`screen` on a CUDA GPU: films a second against the bare forward pass, and whether decoding is what it waits for.

usage: OMP_WAIT_POLICY=PASSIVE python -m tests.benchmarks.bench_gpu [FOLDER] [--films N] [--model ID]

For float32 and half precision: the bare forward pass on films that are on the GPU already, at each batch size; the
engine with its copies; `screen` as a whole. Then decoding alone on all cores, which bounds `screen` from above. Says
'no GPU' and ends well where there is none.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.engines.device import GpuUse, choose_engine, find_gpu, usable_cores
from inference.engines.engine import Engine, wanted_batch
from inference.engines.torch_engine import HALF, exact_cudnn, load_network, put_channels_last
from inference.scoring.pipeline import Analyser
from tests.benchmarks.bench_overlap import DATA, films_of, run_screen
from tests.benchmarks.bench_screen import chosen_bundle

BATCHES = (1, 8, 32, 64, 128, 256)
ROUNDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA / "films")
    parser.add_argument("--films", type=int, default=4000)
    parser.add_argument("--model", default="pneumonia")
    options = parser.parse_args()
    gpu = find_gpu()
    if gpu.device != "cuda":
        print(f"no GPU: {gpu.why}")
        return
    with tempfile.TemporaryDirectory() as name:
        bundle = chosen_bundle(options.model, Path(name))
        refs = list(islice(cycle(list(films_of(options.folder))), options.films))
        print(f"{gpu.why}, {usable_cores()} cores, {bundle.id}; films a second")
        decoding = decoded_a_second(Analyser(bundle, choose_engine(bundle, "onnx", threads=1)), refs)
        print(f"  decoding alone, all cores: {decoding:.0f}")
        for half in (False, True):
            show(bundle, refs, Path(name), decoding, half=half)


def show(bundle: ModelBundle, refs: Sequence[ImageRef], folder: Path, decoding: float, *, half: bool) -> None:
    bare = {size: bare_a_second(bundle, size, half=half) for size in BATCHES}
    best = max(bare.values())
    engine = choose_engine(bundle, "torch", "cuda", 1, GpuUse(half=half))
    copied = engine_a_second(engine, bundle)
    start = time.perf_counter()
    run_screen(Analyser(bundle, engine), refs, folder)
    whole = len(refs) / (time.perf_counter() - start)
    print(f"{engine.name}: bare forward pass " + ", ".join(f"{rate:.0f} (batch {n})" for n, rate in bare.items()))
    print(f"  engine with its copies: {copied:.0f}, {copied / best:.2f} of the best; it wants {wanted_batch(engine)}")
    print(
        f"  screen: {whole:.0f}, {whole / best:.2f} of the bare forward pass, {whole / decoding:.2f} of decoding:",
        end=" ",
    )
    print("decode-bound" if decoding < copied else "bound by the GPU")


def decoded_a_second(analyser: Analyser, refs: Sequence[ImageRef]) -> float:
    with ThreadPoolExecutor(usable_cores()) as pool:
        start = time.perf_counter()
        for _ in pool.map(analyser.load, refs):
            pass
        return len(refs) / (time.perf_counter() - start)


def bare_a_second(bundle: ModelBundle, size: int, *, half: bool) -> float:
    """The network's forward pass alone, on films that are there."""
    network = load_network(bundle).cuda()
    put_channels_last(network)
    side = bundle.card.preprocess.size_px
    films = torch.rand(size, 1, side, side, device="cuda")
    with torch.inference_mode(), exact_cudnn(), torch.autocast("cuda", HALF, enabled=half):
        for _ in range(3):
            network(films)
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(ROUNDS):
            network(films)
        torch.cuda.synchronize()
    return ROUNDS * size / (time.perf_counter() - start)


def engine_a_second(engine: Engine, bundle: ModelBundle) -> float:
    """The engine on films of the host, three threads at a time as in `screen`, once its batches have settled."""
    side = bundle.card.preprocess.size_px
    films = np.random.default_rng(0).random((256, 1, side, side), dtype=np.float32)
    for _ in range(30):
        engine.run(films[: wanted_batch(engine)])
    size = wanted_batch(engine)
    with ThreadPoolExecutor(3) as pool:
        start = time.perf_counter()
        for _ in pool.map(engine.run, [films[:size]] * 30):
            pass
    return 30 * size / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
