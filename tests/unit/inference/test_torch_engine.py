"""The engine of a GPU, as far as a CPU can tell; on a machine that has one, there too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from imaging.errors import NegatoscopeError
from inference.bundles.bundle import ModelBundle
from inference.bundles.models_verify import relative_difference
from inference.engines.device import GpuUse, choose_engine, find_gpu
from inference.engines.engine import BATCH_CPU, EngineMemoryError, Floats, is_concurrent, wanted_batch
from inference.engines.torch_engine import TorchEngine, gpu_index, load_network, put_channels_last
from inference.scoring.scores import probabilities

NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")


def test_half_precision_keeps_to_its_tolerance(bundle: ModelBundle, films: Floats) -> None:
    full = choose_engine(bundle, "torch", "cpu").run(films)
    engine = choose_engine(bundle, "torch", "cpu", use=GpuUse(half=True))
    half = engine.run(films)
    assert engine.name == "torch-cpu-half"
    assert half.logits.dtype == half.class_maps.dtype == half.embedding.dtype == np.float32
    scores = [probabilities(bundle.card, out.logits) for out in (full, half)]
    assert 0 < np.abs(scores[0] - scores[1]).max() <= 2e-2
    assert relative_difference(half.class_maps, full.class_maps) <= 2e-2


def test_half_precision_is_refused_where_nothing_runs_it(bundle: ModelBundle) -> None:
    with pytest.raises(NegatoscopeError, match="half precision needs a GPU"):
        choose_engine(bundle, "onnx", use=GpuUse(half=True))
    with pytest.raises(NegatoscopeError, match="Half precision needs a GPU"):
        choose_engine(bundle, "auto", "cpu", use=GpuUse(half=True))


def test_channels_last_changes_the_layout_and_not_the_scores(bundle: ModelBundle, films: Floats) -> None:
    network, moved = load_network(bundle), load_network(bundle)
    put_channels_last(moved)
    weights = [parameter for parameter in moved.parameters() if parameter.dim() == 4 and parameter.shape[1] > 1]
    assert weights
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)
    with torch.inference_mode():
        before, after = (each(torch.from_numpy(films)) for each in (network, moved))
    for one, other in zip(before, after, strict=True):
        assert relative_difference(other.numpy(), one.numpy()) <= 1e-5


def test_several_threads_get_what_one_gets(bundle: ModelBundle, films: Floats) -> None:
    engine = choose_engine(bundle, "torch", "cpu")
    assert is_concurrent(engine)
    assert wanted_batch(engine) == BATCH_CPU
    alone = engine.run(films).logits
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(engine.run, [films] * 8))
    assert all(np.array_equal(out.logits, alone) for out in outputs)
    assert not torch.backends.cudnn.deterministic


def test_a_batch_without_memory_makes_the_next_ones_smaller(
    bundle: ModelBundle, films: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TorchEngine(bundle, "cpu", "because")

    def no_memory(batch: torch.Tensor) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(engine._network, "forward", no_memory)
    with pytest.raises(EngineMemoryError):
        engine.run(films)
    assert engine._sizes.wanted == len(films) // 2


def test_activations_beyond_sixteen_bits_are_computed_in_full(
    bundle: ModelBundle, films: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = choose_engine(bundle, "torch", "cpu").run(films)
    engine = TorchEngine(bundle, "cpu", "because", half=True)
    forward = engine._network.forward

    def overflowing(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        scale = 1e6 if torch.is_autocast_enabled("cpu") else 1.0
        return tuple((part * scale).to(torch.float16 if scale > 1 else torch.float32) for part in forward(batch))

    monkeypatch.setattr(engine._network, "forward", overflowing)
    assert np.array_equal(engine.run(films).logits, full.logits)


def test_more_processes_than_gpus_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [gpu_index("cuda", wanted) for wanted in range(4)] == [0, 1, 0, 1]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert gpu_index("cuda", 3) == 0
    assert gpu_index("cpu", 3) == 0


@NO_CUDA
@pytest.mark.parametrize("half", [False, True])
def test_a_gpu_keeps_to_the_tolerance(bundle: ModelBundle, films: Floats, half: bool) -> None:
    exact = choose_engine(bundle, "torch", "cpu").run(films)
    engine = choose_engine(bundle, "torch", "cuda", use=GpuUse(half=half))
    out = engine.run(films)
    scores = [probabilities(bundle.card, each.logits) for each in (exact, out)]
    assert engine.name == ("torch-cuda-half" if half else "torch-cuda")
    assert np.abs(scores[0] - scores[1]).max() <= (2e-2 if half else 1e-4)


def test_without_a_gpu_nothing_is_said_of_one() -> None:
    assert (find_gpu().device == "cuda") == torch.cuda.is_available()
