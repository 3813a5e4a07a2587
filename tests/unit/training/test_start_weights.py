"""The four choices of starting weights, and what each leaves in the card."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pickle
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from imaging.errors import NegatoscopeError
from imaging.paths import DATA_VARIABLE
from imaging.progress import CancelToken
from inference.bundles.card import WEIGHTS, StartRecord
from inference.engines.torch_engine import load_network
from inference.networks.backbones import BACKBONES, TINY, BackboneSpec, PublishedWeights, stack
from inference.networks.network import FilmNetwork, build_network
from inference.networks.stack import Stack
from inference.scoring.preprocess import PreprocessSpec
from tests.bombs import Bomb
from tests.bundles import write_trial_bundle
from training.weights.start_weights import Downloaded, FromBundle, Imported, Scratch, start
from training.weights.weights_convert import SOURCE_KEY
from training.weights.weights_limits import WeightsError, WeightsLimits
from training.weights.weights_sources import ConsentNeededError, Work, imported_weights
from training.weights.weights_store import hash_in_name, keep, kept, key, part_file, weights_folder

GREY = PreprocessSpec(size_px=64, mean=(0.5,), std=(0.25,))


def mobilenet(seed: int) -> FilmNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_network("mobilenet_v2", 1, PreprocessSpec(size_px=64))


def tiny() -> FilmNetwork:
    return build_network("tiny", 1, GREY)


def published_form(network: FilmNetwork) -> dict[str, torch.Tensor]:
    """As torchvision's own file: the trunk under `features.` and a classifier of a thousand classes."""
    trunk = {f"features.{name}": value for name, value in network.features.state_dict().items()}
    return trunk | {"classifier.1.weight": torch.zeros(1000, 1280), "classifier.1.bias": torch.zeros(1000)}


def head_of(network: FilmNetwork) -> torch.Tensor:
    return torch.cat([value.flatten() for value in network.head.state_dict().values()])


def members(network: FilmNetwork) -> list[torch.nn.Module]:
    assert isinstance(network.features, Stack)
    return list(network.features.members)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same_trunk(one: FilmNetwork, other: FilmNetwork) -> bool:
    values = other.features.state_dict()
    return all(torch.equal(value, values[name]) for name, value in one.features.state_dict().items())


def test_scratch_is_said_and_changes_nothing() -> None:
    network = tiny()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert start(network, Scratch()) == StartRecord("scratch", "random weights")
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_imported_safetensors_start_the_network(tmp_path: Path) -> None:
    source, network = mobilenet(1), mobilenet(2)
    path = tmp_path / "mine.safetensors"
    save_file(published_form(source), path)
    head = head_of(network).clone()
    record = start(network, Imported((path,)))
    assert record == StartRecord("imported", "the file mine.safetensors", sha256_of(path))
    assert same_trunk(network, source)
    assert torch.equal(head_of(network), head)


def test_an_imported_pth_starts_the_network_and_is_kept_converted(tmp_path: Path) -> None:
    source, network = mobilenet(1), mobilenet(2)
    torch.save({"state_dict": {f"module.{name}": v for name, v in published_form(source).items()}}, tmp_path / "made")
    sha256 = sha256_of(tmp_path / "made")
    path = (tmp_path / "made").rename(tmp_path / f"Мой net-{sha256[:8]} (1).pth")
    assert start(network, Imported((path,))) == StartRecord("imported", f"the file {path.name}", sha256)
    assert same_trunk(network, source)
    (kept_file,) = weights_folder().iterdir()
    assert kept_file.name.startswith(f"net-{sha256[:8]}.")
    in_no_time = WeightsLimits(start_timeout_s=0.0)  # a second process would be too late
    assert imported_weights(path, Work(CancelToken(), limits=in_no_time)).source_sha256 == sha256


def test_the_backbone_of_an_installed_model_starts_the_network(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    network = tiny()
    record = start(network, FromBundle(bundle))
    assert record == StartRecord("bundle", "the backbone of the model trial@1", bundle.weights_sha256)
    assert same_trunk(network, load_network(bundle))


def test_a_model_with_another_backbone_is_no_start(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    with pytest.raises(WeightsError, match="MobileNetV2 can't start from the model trial@1"):
        start(mobilenet(1), FromBundle(bundle))


def test_a_download_has_to_be_agreed_to() -> None:
    with pytest.raises(ConsentNeededError, match=r"https://download.pytorch.org/models/mobilenet_v2-7ebf99e0.pth"):
        start(mobilenet(1), Downloaded(consent=False))


def test_a_network_without_published_weights_says_so() -> None:
    with pytest.raises(WeightsError, match="No weights are published for Tiny CNN"):
        start(tiny(), Downloaded(consent=True))


def test_what_was_published_is_used_and_said() -> None:
    source, sha256 = tiny(), "0123abcd" + "7" * 56
    url = "https://download.invalid/models/tiny-0123abcd.pth"
    with part_file(weights_folder()) as part:
        save_file(published_form(source), part, metadata={SOURCE_KEY: sha256})
        keep(weights_folder(), part, "tiny-0123abcd", sha256)
    network = FilmNetwork(dataclasses.replace(TINY, published=PublishedWeights(url)), 1, GREY)
    record = start(network, Downloaded(consent=False))
    assert record == StartRecord("downloaded", f"torchvision's ImageNet weights, {url}", sha256)
    assert same_trunk(network, source)


def test_a_stack_starts_from_a_file_for_each_member(tmp_path: Path) -> None:
    network = FilmNetwork(stack(TINY, TINY), 1, GREY)
    sources, paths = (tiny(), tiny()), (tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    for source, path in zip(sources, paths, strict=True):
        save_file(published_form(source), path)
    record = start(network, Imported(paths))
    for member, source in zip(members(network), sources, strict=True):
        assert torch.equal(next(member.parameters()), next(source.features.parameters()))
    named = [f"the file {path.name} (sha256 {sha256_of(path)})" for path in paths]
    assert record == StartRecord("imported", "; ".join(named))
    with pytest.raises(WeightsError, match="starts from 2 files, one a backbone"):
        start(network, Imported(paths[:1]))


@pytest.mark.parametrize("second", ["gone", "other"])
def test_a_stack_that_lacks_one_members_weights_is_left_as_it_was(tmp_path: Path, second: str) -> None:
    network = FilmNetwork(stack(TINY, TINY), 1, GREY)
    before = [value.clone() for value in network.state_dict().values()]
    save_file(published_form(tiny()), tmp_path / "a.safetensors")
    save_file({"features.0.weight": torch.ones(3)}, tmp_path / "other.safetensors")
    with pytest.raises(NegatoscopeError):
        start(network, Imported((tmp_path / "a.safetensors", tmp_path / f"{second}.safetensors")))
    assert all(torch.equal(*pair) for pair in zip(before, network.state_dict().values(), strict=True))


def test_a_stack_does_not_start_from_one_of_its_members(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    with pytest.raises(WeightsError, match="has another backbone"):
        start(FilmNetwork(stack(TINY, TINY), 1, GREY), FromBundle(bundle))


def test_a_one_channel_network_starts_from_rgb_weights(tmp_path: Path) -> None:
    source = mobilenet(1)
    network = build_network("mobilenet_v2", 1, GREY)
    save_file(published_form(source), tmp_path / "rgb.safetensors")
    start(network, Imported((tmp_path / "rgb.safetensors",)))
    grey, colour = (next(part.features.parameters()) for part in (network, source))
    assert torch.allclose(grey, colour.sum(dim=1, keepdim=True))


def test_weights_of_another_network_are_one_sentence(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.ones(3)}, tmp_path / "other.safetensors")
    with pytest.raises(NegatoscopeError, match="another network"):
        start(mobilenet(1), Imported((tmp_path / "other.safetensors",)))


def test_a_pickle_in_disguise_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(WeightsError, match="no whole safetensors file"):
        imported_weights(path, Work(CancelToken()))
    torch.save({"a": Bomb(tmp_path / "exploded")}, path)
    with pytest.raises(WeightsError, match="no whole safetensors file"):
        imported_weights(path, Work(CancelToken()))
    assert [place.name for place in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["gone.pth", "gone.safetensors", "folder.pth", "folder.safetensors"])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    if name.startswith("folder"):
        (tmp_path / name).mkdir()
    with pytest.raises(WeightsError, match="no file of weights at this place"):
        imported_weights(tmp_path / name, Work(CancelToken()))


@pytest.mark.parametrize("name", ["weights.h5", "weights", "weights.pth.zip", "weights.onnx"])
def test_other_kinds_of_file_are_not_tried(tmp_path: Path, name: str) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / name)
    with pytest.raises(WeightsError, match=r"read from .safetensors and .pth files"):
        imported_weights(tmp_path / name, Work(CancelToken()))


def test_without_a_data_folder_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "file" / "data"))
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    for choice in (Imported((tmp_path / "a.pth",)), Downloaded(consent=True)):
        with pytest.raises(WeightsError, match="folder for weights can't be made"):
            start(mobilenet(1), choice)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mobilenet_v2-7ebf99e0.pth", "7ebf99e0"),
        ("densenet121-a639ec97 (2).pth", "a639ec97"),
        ("net-" + "ab" * 32 + ".pth", "ab" * 32),
        ("resnet18.pth", ""),
        ("weights-20240131.pth", ""),  # a date
        ("weights-99999999.pth", "99999999"),
        ("net-7ebf99e.pth", ""),
        ("net-7EBF99E0.pth", ""),
        ("net-7ebf99e0.safetensors.pth", ""),
    ],
)
def test_the_hash_in_a_name_is_torchvisions(name: str, found: str) -> None:
    assert hash_in_name(name) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mobilenet_v2-7ebf99e0.pth", "mobilenet_v2-0123abcd"),
        ("Снимки.pth", "weights-0123abcd"),
        ("../../a*b[c]?.pth", "a_b_c-0123abcd"),
        ("n" * 300 + ".pth", "n" * 64 + "-0123abcd"),
        (".pth", "pth-0123abcd"),
    ],
)
def test_names_in_the_store_are_plain(name: str, found: str) -> None:
    assert key(name, "0123abcd" + "0" * 56) == found


def test_what_is_not_of_the_store_is_passed_over() -> None:
    folder = weights_folder()
    (folder / "net-0123abcd.pth").write_bytes(b"brought by hand")
    (folder / "net-0123abcd.notes.safetensors").write_bytes(b"notes")
    (folder / f"net-0123abcd.{'0' * 64}.safetensors").write_bytes(b"damaged")
    assert kept(folder, "net-0123abcd", "0123abcd") is None


def test_old_leftovers_of_a_kill_are_cleared_away_and_new_ones_are_not() -> None:
    folder = weights_folder()
    for name, age_s in ((".old.part", 2 * 24 * 3600), (".new.part", 60)):
        (folder / name).touch()
        stamp = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (stamp, stamp))
    with part_file(folder) as part:
        assert part.is_file()
    assert [path.name for path in folder.iterdir()] == [".new.part"]


def test_the_bundled_models_weights_are_those_of_their_card(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    assert start(tiny(), FromBundle(bundle)).sha256 == bundle.card.files[WEIGHTS]


@pytest.mark.parametrize("spec", [spec for spec in BACKBONES.values() if spec.published], ids=lambda spec: spec.name)
def test_every_published_file_of_the_table_can_be_checked(spec: BackboneSpec) -> None:
    assert spec.published is not None
    assert spec.published.url.startswith("https://download.pytorch.org/")
    name = spec.published.url.rpartition("/")[2]
    assert re.fullmatch(r"[0-9a-f]{8}", hash_in_name(name))
    assert name.endswith(f"-{hash_in_name(name)}.pth")
    assert key(name, "f" * 64).endswith("-ffffffff")
