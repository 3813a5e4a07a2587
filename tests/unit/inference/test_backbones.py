"""Every row of the table with every kind of head, at its smallest legal input: all that the contract asks of a network.

`python -m tests.benchmarks.all_backbones` does the same at full size.
"""

from __future__ import annotations

import threading
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from inference.bundles.models_verify import relative_difference
from inference.engines.device import EngineName, choose_engine
from inference.engines.torch_engine import load_network
from inference.maps.cam import autograd_maps, hires_maps
from inference.networks.backbones import BACKBONES
from inference.networks.head_spec import LINEAR, HeadSpec
from inference.networks.network import FilmNetwork, grids
from inference.scoring.scores import probabilities
from tests.networks import Trial, card_for, cloudy_films, trial

HEADS = {
    "linear": LINEAR,
    "dense": HeadSpec(hidden=(24, 16), dropout=0.3),
    "dense without batch norm": HeadSpec(hidden=(24,), batch_norm=False),
}
# The arithmetic of a head does not depend on the backbone, but for what the head sees: one of each kind suffices.
ROWS = [
    *((name, kind) for name in BACKBONES for kind in ("linear", "dense")),
    ("tiny", "dense without batch norm"),
    ("sequential_cnn", "dense without batch norm"),
]
ENGINES: tuple[EngineName, ...] = ("onnx", "torch")


@pytest.fixture(scope="module", params=ROWS, ids=lambda row: f"{row[0]}, {row[1]}")
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    name, kind = request.param
    spec = BACKBONES[name]
    card = card_for(spec, HEADS[kind], spec.min_size_px)
    return trial(tmp_path_factory.mktemp("trial") / card.id, card, cloudy_films(spec.min_size_px))


def test_the_outputs_have_the_shapes_that_the_table_states(tried: Trial) -> None:
    spec = BACKBONES[tried.bundle.card.backbone]
    for out in (tried.onnx, tried.torch):
        assert out.logits.shape == (7, 3)
        assert out.class_maps.shape[:2] == (7, 3)
        assert out.embedding.shape == (7, spec.channels)
        assert all(part.dtype == np.float32 for part in (out.logits, out.class_maps, out.embedding))


def test_films_and_labels_are_told_apart(tried: Trial) -> None:
    """Else the tests of agreement below would hold for constants as well."""
    for part in (tried.torch.logits, tried.torch.class_maps, tried.torch.embedding):
        assert np.isfinite(part).all()
        assert relative_difference(part[:1], part[1:2]) > 1e-3
    assert relative_difference(tried.torch.class_maps[:, 0], tried.torch.class_maps[:, 1]) > 1e-2


def test_saved_and_loaded_it_gives_the_same_logits(tried: Trial) -> None:
    with torch.inference_mode():
        logits = tried.network(torch.from_numpy(tried.films))[0]
    assert np.array_equal(logits.numpy(), tried.torch.logits)


def test_the_engines_agree(tried: Trial) -> None:
    assert tried.score_difference() <= 1e-4
    assert tried.map_difference() <= 1e-3
    assert relative_difference(tried.onnx.embedding, tried.torch.embedding) <= 1e-3


@pytest.mark.skipif(find_spec("openvino") is None, reason="the optional engine is not installed")
def test_openvino_agrees_too(tried: Trial) -> None:
    from inference.engines.openvino_engine import OpenVinoEngine

    out = OpenVinoEngine(tried.bundle, "").run(tried.films)
    scores = [probabilities(tried.bundle.card, logits) for logits in (out.logits, tried.onnx.logits)]
    assert np.abs(scores[0] - scores[1]).max() <= 1e-4
    assert relative_difference(out.class_maps, tried.onnx.class_maps) <= 1e-3
    assert relative_difference(out.embedding, tried.onnx.embedding) <= 1e-3


def test_maps_are_grad_cam_on_both_engines(tried: Trial) -> None:
    assert tried.cam_difference() <= 1e-4


@pytest.mark.parametrize("engine", ENGINES)
def test_a_film_gives_the_same_in_any_batch_and_again(tried: Trial, engine: EngineName) -> None:
    chosen = choose_engine(tried.bundle, engine, "cpu")
    together, again = chosen.run(tried.films), chosen.run(tried.films)
    assert np.array_equal(together.logits, again.logits)
    assert np.array_equal(together.class_maps, again.class_maps)
    assert np.array_equal(together.embedding, again.embedding)
    # torch chooses its algorithms by the batch, and random networks magnify rounding some hundred times more than
    # trained ones, for which the contract's 1e-6 is meant.
    tolerance = 1e-6 if engine == "onnx" else 5e-5
    for index in (0, 6):
        alone = chosen.run(tried.films[index : index + 1])
        scores = [probabilities(tried.bundle.card, logits) for logits in (alone.logits, together.logits[[index]])]
        assert np.abs(scores[0] - scores[1]).max() <= tolerance
        assert relative_difference(alone.class_maps, together.class_maps[[index]]) <= 1e-4


def test_a_is_what_the_table_names_and_nothing_changes_it(tried: Trial) -> None:
    """A ReLU that works in place after A would have turned A into something else."""
    films = torch.from_numpy(tried.films)
    with torch.inference_mode():
        found = tried.network.activations(films)
        before = [activation.clone() for activation in found]
        tried.network.head(tried.network.seen_by_head(found))
        tried.network.maps(found, tried.network.head.with_gradient(tried.network.seen_by_head(found))[1])
    for spec, activation, kept in zip(tried.network.spec.parts, found, before, strict=True):
        assert torch.equal(activation, kept)
        assert ("ReLU" in spec.cam_layer) == (float(activation.min()) == 0.0)


def test_nothing_is_left_after_an_exception(tried: Trial) -> None:
    network = load_network(tried.bundle)
    threads = set(threading.enumerate())
    wrong = np.zeros((1, 5, 9, 9), np.float32)
    for fails in (autograd_maps, hires_maps):
        with pytest.raises(RuntimeError):
            fails(network, wrong)
    with pytest.raises(RuntimeError):
        network(torch.from_numpy(wrong))
    assert set(threading.enumerate()) == threads
    assert not hooks(network)
    assert not network.training
    assert all(weight.grad is None and weight.dtype == torch.float32 for weight in network.parameters())


def hooks(network: FilmNetwork) -> list[object]:
    """Whatever is hooked to any part of a network."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [hook for module in network.modules() for kind in kinds for hook in getattr(module, kind).values()]


@pytest.mark.parametrize("name", BACKBONES)
def test_the_smallest_input_is_the_first_with_a_map_of_two_by_two(name: str) -> None:
    spec = BACKBONES[name]
    assert all(min(grid) >= 2 for grid in grids(spec, spec.min_size_px))
    try:
        smaller = grids(spec, spec.min_size_px - 1)
    except RuntimeError:  # the backbone does not run at all
        return
    assert any(min(grid) < 2 for grid in smaller)
