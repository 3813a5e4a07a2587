from __future__ import annotations

import dataclasses
import errno
import hashlib
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save as save_arrays
from safetensors.torch import load, save

from inference.bundles.bundle import (
    CARD,
    LIMIT_BYTES,
    ModelBundle,
    export_zip,
    import_bundle,
    read_bundle,
    write_bundle,
)
from inference.bundles.card import GATE, GRAPH, LICENCE, REFERENCE, WEIGHTS, BundleError, GateSpec, Measure
from inference.bundles.card_text import card_text
from inference.engines.torch_engine import load_network
from tests.bombs import Bomb
from tests.bundles import card_of, random_network, write_trial_bundle

DIGESTED = (WEIGHTS, GRAPH, LICENCE)


@pytest.fixture
def copied(bundle: ModelBundle, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(bundle.location, tmp_path / "copy"))


def resealed(folder: Path, name: str, content: bytes) -> ModelBundle:
    """The bundle with one file replaced and all hashes made right again, as a forger would do it."""
    card = read_bundle(folder).card
    (folder / name).write_bytes(content)
    card = dataclasses.replace(card, files=card.files | {name: hashlib.sha256(content).hexdigest()})
    (folder / CARD).write_text(card_text(card), encoding="utf-8")
    return read_bundle(folder)


def test_a_written_bundle_reads_back(bundle: ModelBundle) -> None:
    again = read_bundle(bundle.location)
    assert again == bundle
    assert again.id == "trial@1"
    assert again.weights_sha256 == hashlib.sha256((bundle.location / WEIGHTS).read_bytes()).hexdigest()


def test_equal_networks_make_equal_bytes(bundle: ModelBundle, tmp_path: Path) -> None:
    assert write_trial_bundle(tmp_path / "again").card == bundle.card


@pytest.mark.parametrize("name", [CARD, *DIGESTED])
def test_one_changed_byte_is_found(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(BundleError) as caught:
        read_bundle(copied)
    assert caught.value.message.count(".") <= 2
    assert str(copied) not in caught.value.message


@pytest.mark.parametrize("name", [CARD, *DIGESTED])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_bundle(copied)


def test_a_change_after_verification_is_found(copied: Path) -> None:
    bundle = read_bundle(copied)
    (copied / WEIGHTS).write_bytes(b"other")
    with pytest.raises(BundleError, match=WEIGHTS):
        load_network(bundle)


def test_a_link_is_no_file_of_a_bundle(copied: Path, tmp_path: Path) -> None:
    (copied / LICENCE).rename(tmp_path / "elsewhere")
    (copied / LICENCE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="no plain file"):
        read_bundle(copied)


def test_a_file_that_the_card_does_not_name_is_refused(copied: Path) -> None:
    (copied / "setup.py").write_text("import os")
    with pytest.raises(BundleError, match="does not name"):
        read_bundle(copied)


def test_what_file_managers_leave_is_no_harm(copied: Path) -> None:
    (copied / ".DS_Store").write_bytes(b"\0")
    assert read_bundle(copied).id == "trial@1"


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.write_text("words"), lambda path: None])
def test_what_is_no_bundle_is_said_so(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "x")
    with pytest.raises(BundleError):
        read_bundle(tmp_path / "x")


def test_a_pickle_in_disguise_is_not_opened(copied: Path) -> None:
    bundle = resealed(copied, WEIGHTS, pickle.dumps(Bomb(copied / "exploded")))
    with pytest.raises(BundleError, match="damaged"):
        load_network(bundle)
    assert not (copied / "exploded").exists()


def _without_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors.pop("head.bias")


def _with_one_more(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.extra"] = torch.zeros(1)


def _of_another_shape(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.weight"] = torch.zeros(2, 96)


def _of_half_precision(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.weight"] = tensors["head.weight"].half()


@pytest.mark.parametrize("change", [_without_one, _with_one_more, _of_another_shape, _of_half_precision])
def test_tensors_that_do_not_fit_are_refused(copied: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load((copied / WEIGHTS).read_bytes())
    change(tensors)
    with pytest.raises(BundleError, match="do not fit"):
        load_network(resealed(copied, WEIGHTS, save(tensors)))


def test_a_bundle_travels_as_a_zip(bundle: ModelBundle, tmp_path: Path) -> None:
    export_zip(bundle, tmp_path / "a.zip")
    export_zip(bundle, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert read_bundle(tmp_path / "a.zip").card == bundle.card
    installed = import_bundle(tmp_path / "a.zip", tmp_path / "models")
    assert installed.location == tmp_path / "models" / "trial@1"
    assert installed.card == bundle.card
    assert import_bundle(tmp_path / "a.zip", tmp_path / "models") == installed
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "b.zip", "models"}


def test_an_exported_bundle_is_for_whom_any_file_would_be(bundle: ModelBundle, tmp_path: Path) -> None:
    export_zip(bundle, tmp_path / "a.zip")
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.zip").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_id_is_never_given_to_another_model(bundle: ModelBundle, tmp_path: Path) -> None:
    import_bundle(bundle.location, tmp_path)
    other = write_trial_bundle(tmp_path / ".other", seed=2)
    with pytest.raises(BundleError, match="installed already"):
        import_bundle(other.location, tmp_path)


@pytest.mark.parametrize("name", [CARD, *DIGESTED])
def test_a_damaged_bundle_is_mended_by_importing_it_again(bundle: ModelBundle, tmp_path: Path, name: str) -> None:
    installed = import_bundle(bundle.location, tmp_path)
    (installed.location / name).write_bytes(b"damaged")
    assert import_bundle(bundle.location, tmp_path) == installed
    assert read_bundle(installed.location).card == bundle.card


def test_a_bundle_that_can_not_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_trial_bundle(tmp_path / "trial@1")
    rename = Path.rename

    def full_disk(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(errno.ENOSPC, "no space left")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_trial_bundle(tmp_path / "trial@1", seed=2)
    assert read_bundle(tmp_path / "trial@1") == first
    assert [path.name for path in tmp_path.iterdir()] == ["trial@1"]


def test_rewriting_a_bundle_replaces_it_whole(tmp_path: Path) -> None:
    write_trial_bundle(tmp_path / "trial@1")
    second = write_trial_bundle(tmp_path / "trial@1", card_of(title="Second"), seed=2)
    assert read_bundle(tmp_path / "trial@1") == second
    assert [path.name for path in tmp_path.iterdir()] == ["trial@1"]


def zipped(target: Path, bundle: ModelBundle, extra: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (CARD, *DIGESTED):
            if name not in extra:
                archive.write(bundle.location / name, name)
        for name, content in extra.items():
            archive.writestr(name, content)
    return target


@pytest.mark.parametrize("name", ["../escape.txt", "/tmp/escape.txt", "..\\escape.txt", "deep/card.json"])
def test_a_zip_that_climbs_out_is_refused(bundle: ModelBundle, tmp_path: Path, name: str) -> None:
    source = zipped(tmp_path / "slip.zip", bundle, {name: b"x"})
    with pytest.raises(BundleError, match="does not name"):
        import_bundle(source, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_zip_bomb_is_refused_without_being_unpacked(bundle: ModelBundle, tmp_path: Path) -> None:
    source = zipped(tmp_path / "bomb.zip", bundle, {LICENCE: bytes(LIMIT_BYTES[LICENCE] + 1)})
    assert source.stat().st_size < LIMIT_BYTES[LICENCE]
    with pytest.raises(BundleError, match="larger than any real one"):
        read_bundle(source)


def test_a_truncated_zip_is_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    export_zip(bundle, tmp_path / "whole.zip")
    whole = (tmp_path / "whole.zip").read_bytes()
    for share in (0.1, 0.5, 0.99):
        (tmp_path / "torn.zip").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(BundleError):
            read_bundle(tmp_path / "torn.zip")


def test_damage_inside_a_zip_is_found(bundle: ModelBundle, tmp_path: Path) -> None:
    export_zip(bundle, tmp_path / "whole.zip")
    whole = (tmp_path / "whole.zip").read_bytes()
    for position in range(100, len(whole) - 400, len(whole) // 12):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        (tmp_path / "damaged.zip").write_bytes(damaged)
        with pytest.raises(BundleError):
            read_bundle(tmp_path / "damaged.zip")


def test_a_graph_of_the_card_is_not_run_by_reading(copied: Path) -> None:
    bundle = resealed(copied, GRAPH, b"no graph at all")
    assert bundle.content(GRAPH) == b"no graph at all"


def with_gate(folder: Path, content: bytes) -> ModelBundle:
    """A trial bundle that carries an optional file."""
    gate = GateSpec(1, "20 validation films", 20, Measure(1.0, 0.84, 1.0), {"distance": 3.0})
    card = card_of(gate=gate)
    return write_bundle(folder, card, random_network(card), {GATE: content})


def test_an_optional_file_travels_with_its_bundle(tmp_path: Path) -> None:
    bundle = with_gate(tmp_path / "models" / "trial@1", save_arrays({"mean": np.arange(3, dtype=np.float32)}))
    export_zip(bundle, tmp_path / "trial.zip")
    again = import_bundle(tmp_path / "trial.zip", tmp_path / "elsewhere")
    assert again.card == bundle.card
    assert again.arrays(GATE)["mean"].tolist() == [0, 1, 2]


def test_an_optional_file_must_be_there_and_no_other(tmp_path: Path) -> None:
    bundle = with_gate(tmp_path / "trial", save_arrays({"mean": np.zeros(3, np.float32)}))
    (bundle.location / REFERENCE).write_bytes(b"")
    with pytest.raises(BundleError, match="does not name"):
        read_bundle(bundle.location)
    (bundle.location / REFERENCE).unlink()
    (bundle.location / GATE).unlink()
    with pytest.raises(BundleError, match=r"lacks its file gate\.safetensors"):
        read_bundle(bundle.location)


def test_card_and_optional_files_go_together(tmp_path: Path) -> None:
    card = card_of()
    with pytest.raises(BundleError, match="do not go together"):
        write_bundle(tmp_path / "trial", card, random_network(card), {GATE: b""})


def test_a_pickle_in_the_place_of_arrays_is_refused(tmp_path: Path) -> None:
    bundle = with_gate(tmp_path / "trial", pickle.dumps({"mean": 0}))
    with pytest.raises(BundleError, match=r"gate\.safetensors is damaged"):
        bundle.arrays(GATE)
