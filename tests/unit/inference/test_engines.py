from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from imaging.errors import NegatoscopeError
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GRAPH, BundleError
from inference.bundles.graph_check import check_graph
from inference.bundles.models_verify import relative_difference, verify
from inference.engines.device import EngineName, Gpu, choose_engine, find_gpu, usable_cores
from inference.engines.engine import EngineLostError, EngineMemoryError, Floats
from inference.engines.torch_engine import device_errors, exact_cudnn, load_network
from inference.maps.cam import autograd_maps
from inference.scoring.scores import probabilities
from tests.bundles import card_of, multi_label_card, random_network, write_trial_bundle


@pytest.fixture(params=["bundle", "multi_bundle"])
def any_bundle(request: pytest.FixtureRequest) -> ModelBundle:
    chosen = request.getfixturevalue(request.param)
    assert isinstance(chosen, ModelBundle)
    return chosen


def test_the_engines_agree(any_bundle: ModelBundle, films: Floats) -> None:
    onnx_out = choose_engine(any_bundle, "onnx").run(films)
    torch_out = choose_engine(any_bundle, "torch", "cpu").run(films)
    scores = [probabilities(any_bundle.card, out.logits) for out in (onnx_out, torch_out)]
    assert np.abs(scores[0] - scores[1]).max() <= 1e-4
    assert relative_difference(onnx_out.class_maps, torch_out.class_maps) <= 1e-3
    assert relative_difference(onnx_out.embedding, torch_out.embedding) <= 1e-3
    assert onnx_out.class_maps.dtype == torch_out.class_maps.dtype == np.float32
    assert onnx_out.class_maps.shape == (7, any_bundle.card.outputs, 8, 8)


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_grad_cam_is_that_of_autograd(any_bundle: ModelBundle, films: Floats, engine: str) -> None:
    reference = autograd_maps(load_network(any_bundle), films)
    chosen = choose_engine(any_bundle, "onnx" if engine == "onnx" else "torch", "cpu")
    assert relative_difference(chosen.run(films).class_maps, reference) <= 1e-4


def test_maps_and_logits_belong_together(bundle: ModelBundle, films: Floats) -> None:
    """For pooling and a linear head the map's sum is the logit without its bias: no map is taken from another label."""
    out = choose_engine(bundle, "onnx").run(films)
    bias = load_network(bundle).state_dict()["head.bias"].numpy()
    assert np.allclose(out.class_maps.sum(axis=(2, 3)) + bias, out.logits, atol=1e-5)


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_a_film_scores_the_same_whatever_its_batch(any_bundle: ModelBundle, films: Floats, engine: str) -> None:
    chosen = choose_engine(any_bundle, "onnx" if engine == "onnx" else "torch", "cpu")
    together = chosen.run(films)
    alone = [chosen.run(films[index : index + 1]) for index in range(len(films))]
    scores = np.concatenate([probabilities(any_bundle.card, out.logits) for out in alone])
    assert np.abs(scores - probabilities(any_bundle.card, together.logits)).max() <= 1e-6
    maps = np.concatenate([out.class_maps for out in alone])
    assert relative_difference(maps, together.class_maps) <= 1e-5


def test_the_reference_leaves_the_network_alone(films: Floats) -> None:
    network = random_network(card_of())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    autograd_maps(network, films)
    assert not network.training
    assert all(parameter.grad is None and parameter.dtype == torch.float32 for parameter in network.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_verification_measures_what_the_contract_allows(any_bundle: ModelBundle) -> None:
    found = verify(any_bundle)
    assert 0 <= found.probability <= 1e-4
    assert 0 <= found.maps <= 1e-3
    assert 0 < found.grad_cam <= 1e-4


def test_verification_finds_a_graph_of_other_weights(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "a", seed=1)
    other = write_trial_bundle(tmp_path / "b", seed=2)
    (bundle.location / GRAPH).write_bytes(other.content(GRAPH))
    swapped = dataclasses.replace(
        bundle, card=dataclasses.replace(bundle.card, files=bundle.card.files | {GRAPH: other.card.files[GRAPH]})
    )
    with pytest.raises(BundleError, match="do not give the same scores"):
        verify(swapped)


def _external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/hostname")


def _external_in_a_branch(model: onnx.ModelProto) -> None:
    value = helper.make_tensor("outside", TensorProto.FLOAT, [1], b"\0\0\0\0", raw=True)
    _mark_external(value)
    constant = helper.make_node("Constant", [], ["inner"], value=value)
    output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])
    branch = helper.make_graph([constant], "branch", [], [output])
    model.graph.node.append(helper.make_node("If", ["flag"], ["unused"], then_branch=branch, else_branch=branch))


def _mark_external(tensor: TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/hostname")


def _custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Launch", ["film"], ["unused"], domain="com.example"))


def _custom_domain(model: onnx.ModelProto) -> None:
    model.opset_import.add(domain="com.microsoft", version=1)


def _function(model: onnx.ModelProto) -> None:
    model.functions.add(name="Own")


def _other_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 128


def _no_maps(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def _more_labels(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 14


HOSTILE = [
    (_external, "other files"),
    (_external_in_a_branch, "other files"),
    (_custom_operator, "operators of its own"),
    (_custom_domain, "operators of its own"),
    (_function, "operators of its own"),
    (_other_input, "does not take the films"),
    (_no_maps, "does not give the labels"),
    (_more_labels, "does not give the labels"),
]


@pytest.mark.parametrize(("change", "words"), HOSTILE)
def test_a_hostile_graph_is_refused_before_it_is_loaded(
    bundle: ModelBundle, change: Callable[[onnx.ModelProto], None], words: str
) -> None:
    model = onnx.load_model_from_string(bundle.content(GRAPH))
    change(model)
    with pytest.raises(BundleError, match=words):
        check_graph(model.SerializeToString(), bundle.card)


@pytest.mark.parametrize("content", [b"", b"no graph", bytes(1000)])
def test_what_is_no_graph_is_refused(bundle: ModelBundle, content: bytes) -> None:
    with pytest.raises(BundleError):
        check_graph(content, bundle.card)


def test_a_label_list_that_does_not_fit_the_weights_is_refused(bundle: ModelBundle) -> None:
    lying = dataclasses.replace(bundle, card=dataclasses.replace(multi_label_card(), files=bundle.card.files))
    with pytest.raises(BundleError):
        choose_engine(lying, "onnx")
    with pytest.raises(BundleError):
        choose_engine(lying, "torch", "cpu")


def test_what_is_asked_for_is_used_and_said(bundle: ModelBundle) -> None:
    onnx_engine = choose_engine(bundle, "onnx")
    assert (onnx_engine.name, onnx_engine.why) == ("onnx-cpu", "ONNX Runtime on the CPU (as asked for)")
    torch_engine = choose_engine(bundle, "torch", "cpu")
    assert (torch_engine.name, torch_engine.why) == ("torch-cpu", "PyTorch on the CPU (as asked for)")
    with pytest.raises(NegatoscopeError, match="choose the engine torch"):
        choose_engine(bundle, "onnx", "cuda")


@pytest.mark.skipif(find_gpu().device is not None, reason="this machine has a GPU")
def test_without_a_gpu_the_cpu_runs_and_the_reason_is_said(bundle: ModelBundle) -> None:
    engine = choose_engine(bundle)
    assert engine.name == "onnx-cpu"
    assert "GPU" in engine.why
    assert "no GPU found" in choose_engine(bundle, "torch").why or find_gpu().why in engine.why
    with pytest.raises(NegatoscopeError, match="No CUDA GPU can be used"):
        choose_engine(bundle, "auto", "cuda")


@pytest.mark.skipif(find_gpu().device is None, reason="this machine has no GPU that torch can use")
def test_the_gpu_agrees_with_the_cpu(any_bundle: ModelBundle, films: Floats) -> None:
    gpu, cpu = choose_engine(any_bundle), choose_engine(any_bundle, "onnx")
    assert gpu.name in ("torch-cuda", "torch-mps")
    outputs = gpu.run(films), cpu.run(films)
    scores = [probabilities(any_bundle.card, out.logits) for out in outputs]
    assert np.abs(scores[0] - scores[1]).max() <= 1e-4
    assert relative_difference(outputs[0].class_maps, outputs[1].class_maps) <= 1e-3


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_an_apple_gpu_is_no_cuda(bundle: ModelBundle, engine: EngineName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.engines.device.find_gpu", lambda: Gpu("mps", "Apple GPU"))
    with pytest.raises(NegatoscopeError, match="No CUDA GPU can be used: Apple GPU"):
        choose_engine(bundle, engine, "cuda")


@pytest.mark.parametrize(
    ("device", "error", "kind"),
    [
        ("cuda", torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."), EngineMemoryError),
        ("mps", RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), EngineMemoryError),
        ("cpu", RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9"), EngineMemoryError),
        ("cpu", RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), EngineMemoryError),
        ("cuda", RuntimeError("CUDA error: an illegal memory access was encountered"), EngineLostError),
        ("cuda", RuntimeError("CUDA error: unspecified launch failure"), EngineLostError),
        ("cpu", RuntimeError("required rank 4 tensor to use channels_last memory format"), RuntimeError),
    ],
)
def test_what_torch_says_is_told_apart(device: str, error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught, device_errors(device):
        raise error
    assert type(caught.value) is kind


def test_cudnn_stays_in_use_and_is_exact() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.enabled, cudnn.deterministic, cudnn.allow_tf32
    with exact_cudnn():
        assert (cudnn.enabled, cudnn.deterministic, cudnn.allow_tf32) == (True, True, False)
    assert (cudnn.enabled, cudnn.deterministic, cudnn.allow_tf32) == before


def test_cores_are_counted() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
