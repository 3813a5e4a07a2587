"""What a file of weights may hold: each thing is made plain, or refused in one sentence."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.bombs import Bomb
from training.weights.weights_limits import WeightsError, WeightsLimits
from training.weights.weights_pickle import tensors_of
from training.weights.weights_tidy import tidy

LIMITS = WeightsLimits(bytes=1 << 20, tensors=100)


def saved(held: Any, *, archive: bool = True) -> bytes:
    stream = BytesIO()
    torch.save(held, stream, _use_new_zipfile_serialization=archive)
    return stream.getvalue()


@pytest.mark.parametrize("archive", [True, False], ids=["archive", "legacy"])
def test_a_state_dict_comes_back(archive: bool) -> None:
    network = torch.nn.BatchNorm2d(3)
    found = tensors_of(saved(network.state_dict(), archive=archive), LIMITS)
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_weights_among_other_state_are_found(key: str) -> None:
    held = {"epoch": 3, "best": 0.9, key: {"a.weight": torch.ones(2)}, "optimizer": {"state": {}, "lr": [0.1]}}
    assert list(tensors_of(saved(held), LIMITS)) == ["a.weight"]


def test_a_lightning_state_two_deep_is_found() -> None:
    assert list(tidy({"state_dict": {"model": {"a": torch.ones(1)}}}, LIMITS)) == ["a"]


def test_prefixes_of_wrappers_are_taken_off() -> None:
    assert list(tidy({"module._orig_mod.a": torch.ones(1), "module._orig_mod.b": torch.ones(1)})) == ["a", "b"]
    assert list(tidy({"module.a": torch.ones(1), "b": torch.ones(1)})) == ["module.a", "b"]
    assert list(tidy({"module.": torch.ones(1), "module.b": torch.ones(1)})) == ["module.", "module.b"]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, torch.float32])
def test_every_float_becomes_float32(kind: torch.dtype) -> None:
    (value,) = tensors_of(saved({"a": torch.tensor([0.5, -2.0], dtype=kind)}), LIMITS).values()
    assert value.dtype == torch.float32
    assert value.tolist() == [0.5, -2.0]


def test_whole_numbers_become_int64() -> None:
    assert tidy({"a": torch.tensor(7, dtype=torch.int32)})["a"].dtype == torch.int64


def test_shared_and_turned_tensors_get_storage_of_their_own() -> None:
    base = torch.arange(6.0).reshape(2, 3)
    found = tensors_of(saved({"a": base, "b": base.T, "c": base[1]}), LIMITS)
    assert len({value.untyped_storage().data_ptr() for value in found.values()}) == 3
    assert all(value.is_contiguous() for value in found.values())
    assert torch.equal(found["b"], base.T)


def test_parameters_become_plain_tensors() -> None:
    found = tensors_of(saved({"a": torch.nn.Parameter(torch.ones(2))}), LIMITS)["a"]
    assert type(found) is torch.Tensor
    assert not found.requires_grad


@pytest.mark.parametrize("form", ["archive", "legacy", "pickle", "nested"])
def test_a_hostile_pickle_is_not_run(tmp_path: Path, form: str) -> None:
    bomb = Bomb(tmp_path / "exploded")
    content = {
        "archive": lambda: saved({"a": torch.ones(1), "b": bomb}),
        "legacy": lambda: saved({"b": bomb}, archive=False),
        "pickle": lambda: pickle.dumps(bomb),
        "nested": lambda: saved({"state_dict": {"a": torch.ones(1)}, "args": bomb}),
    }[form]()
    with pytest.raises(WeightsError, match="holds more than plain weights, and is not opened"):
        tensors_of(content, LIMITS)
    assert list(tmp_path.iterdir()) == []


def cyclic() -> dict[str, Any]:
    held: dict[str, Any] = {}
    held["state_dict"] = held
    return held


FOREIGN = [
    ([torch.ones(2)], "no weights by name"),
    (torch.ones(2), "no weights by name"),
    (7, "no weights by name"),
    (cyclic(), "no weights by name"),
    ({}, "holds no network"),
    ({"state_dict": {}}, "holds no network"),
    ({f"t{index}": torch.ones(1) for index in range(LIMITS.tensors + 1)}, "holds no network"),
    ({"a": torch.ones(1), "epoch": 3}, "“epoch”, which is no tensor"),
    ({"a": torch.ones(1), "b": {"c": torch.ones(1)}}, "“b”, which is no tensor"),
    ({3: torch.ones(1)}, "no usable name"),
    ({"a\nb": torch.ones(1)}, "no usable name"),
    ({"": torch.ones(1)}, "no usable name"),
    ({"a" * 257: torch.ones(1)}, "no usable name"),
    ({"a": torch.ones(2, dtype=torch.complex64)}, "of a kind that no network here takes"),
    ({"a": torch.eye(3).to_sparse()}, "of a kind that no network here takes"),
    ({"a": torch.ones(3, device="meta")}, "of a kind that no network here takes"),
    ({"a": torch.ones((1,) * 9)}, "of a kind that no network here takes"),
    ({"a": torch.tensor([1.0, float("nan")])}, "no numbers, or too large"),
    ({"a": torch.tensor([float("-inf")])}, "no numbers, or too large"),
    ({"a": torch.tensor([1e300], dtype=torch.float64)}, "no numbers, or too large"),
    ({"a": torch.ones(1).expand(10**6, 10**6)}, "claims more values"),
    ({f"t{index}": torch.ones(1).expand(200_000) for index in range(2)}, "claims more values"),
]


@pytest.mark.parametrize(("held", "words"), FOREIGN, ids=[str(index) for index in range(len(FOREIGN))])
def test_what_is_no_network_is_one_sentence(held: Any, words: str) -> None:
    with pytest.raises(WeightsError, match=words) as caught:
        tensors_of(saved(OrderedDict(held) if isinstance(held, dict) and held else held), LIMITS)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize("archive", [True, False], ids=["archive", "legacy"])
def test_a_truncated_file_is_refused(share: float, archive: bool) -> None:
    whole = saved({"a": torch.ones(4000)}, archive=archive)
    with pytest.raises(WeightsError):
        tensors_of(whole[: int(share * len(whole))], LIMITS)


@pytest.mark.parametrize("content", [b"words", bytes(5000), b"PK\x03\x04" + bytes(200), b"\x80\x02" + b"(" * 100_000])
def test_what_is_no_pickle_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError):
        tensors_of(content, LIMITS)


def test_damage_anywhere_is_refused_or_harmless() -> None:
    """2 in 5 damaged files still load: no checksum covers them, which is what the hash in a name is for."""
    whole = saved({"a": torch.ones(300), "b": torch.zeros(3, 4)})
    generator = np.random.default_rng(4)
    for _ in range(150):
        content = bytearray(whole)
        for position in generator.integers(0, len(content), 3):
            content[position] ^= int(generator.integers(1, 256))
        try:
            found = tensors_of(bytes(content), LIMITS)
        except WeightsError:
            continue
        assert all(bool(torch.isfinite(value).all()) for value in found.values())


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked() -> None:
    packed = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(saved({"a": torch.zeros(1_000_000)}))) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in whole.namelist():
            archive.writestr(name, whole.read(name))
    assert len(packed.getvalue()) < 20_000
    with pytest.raises(WeightsError, match="unpacks to more"):
        tensors_of(packed.getvalue(), LIMITS)


def test_a_torchscript_program_is_not_run() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("program/data.pkl", "program/code/run.py", "program/constants.pkl"):
            archive.writestr(name, pickle.dumps(()))
    with pytest.raises(WeightsError, match="TorchScript program, which is never run"):
        tensors_of(stream.getvalue(), LIMITS)
