"""The converter process: what it refuses, what it survives, and that nothing of it stays."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from imaging.progress import Cancelled, CancelToken
from tests.bombs import Bomb
from training.weights.weights_convert import SOURCE_KEY, convert
from training.weights.weights_limits import WeightsError, WeightsLimits


def saved(path: Path, held: object) -> tuple[Path, str]:
    """A file of torch.save and its sha256."""
    torch.save(held, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def when_the_child_is_there(act: Callable[[int], object]) -> threading.Thread:
    """A thread that does something to the converter as soon as it runs."""

    def wait_and_act() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for child in multiprocessing.active_children():
                if child.name == "weights converter" and child.pid is not None:
                    act(child.pid)
                    return
            time.sleep(0.01)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_a_pth_becomes_safetensors_and_the_process_ends(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    source, sha256 = saved(tmp_path / "a.pth", {"state_dict": {"module.a": shared, "module.b": shared.double()[:2]}})
    before = set(multiprocessing.active_children())
    convert(source, sha256, tmp_path / "out", token=CancelToken())
    assert set(multiprocessing.active_children()) == before
    with safe_open(tmp_path / "out", "pt") as file:
        assert file.metadata() == {SOURCE_KEY: sha256}
        assert {name: file.get_tensor(name).tolist() for name in file.keys()} == {  # noqa: SIM118  (no mapping)
            "a": [0.0, 1.0, 2.0, 3.0],
            "b": [0.0, 1.0],
        }


def test_a_hostile_file_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    source, sha256 = saved(tmp_path / "bomb.pth", {"a": Bomb(tmp_path / "exploded")})
    with pytest.raises(WeightsError, match="and is not opened; save its state dict alone"):
        convert(source, sha256, tmp_path / "out", token=CancelToken())
    assert names_in(tmp_path) == ["bomb.pth"]


def test_a_file_that_changed_since_it_was_checked_is_not_converted(tmp_path: Path) -> None:
    source, _ = saved(tmp_path / "a.pth", {"a": torch.ones(2)})
    with pytest.raises(WeightsError, match="changed while it was read"):
        convert(source, "0" * 64, tmp_path / "out", token=CancelToken())
    assert names_in(tmp_path) == ["a.pth"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_memory_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    source, sha256 = saved(tmp_path / "a.pth", {"a": torch.zeros(30_000_000)})
    limits = WeightsLimits(memory_bytes=200 << 20)
    with pytest.raises(WeightsError, match="more memory than any real network"):
        convert(source, sha256, tmp_path / "out", token=CancelToken(), limits=limits)
    assert names_in(tmp_path) == ["a.pth"]


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not stopped there")
def test_a_converter_that_hangs_is_given_up(tmp_path: Path) -> None:
    source, sha256 = saved(tmp_path / "a.pth", {"a": torch.ones(2)})
    thread = when_the_child_is_there(lambda pid: os.kill(pid, signal.SIGSTOP))
    with pytest.raises(WeightsError, match="took too long"):
        convert(source, sha256, tmp_path / "out", token=CancelToken(), limits=WeightsLimits(start_timeout_s=0.5))
    thread.join()
    assert names_in(tmp_path) == ["a.pth"]
    assert not any(child.name == "weights converter" for child in multiprocessing.active_children())


def test_a_converter_that_dies_is_one_sentence(tmp_path: Path) -> None:
    source, sha256 = saved(tmp_path / "a.pth", {"a": torch.ones(2)})
    thread = when_the_child_is_there(lambda pid: os.kill(pid, signal.SIGTERM))
    with pytest.raises(WeightsError, match="ended its converter"):
        convert(source, sha256, tmp_path / "out", token=CancelToken())
    thread.join()
    assert names_in(tmp_path) == ["a.pth"]


def test_converting_can_be_cancelled(tmp_path: Path) -> None:
    source, sha256 = saved(tmp_path / "a.pth", {"a": torch.ones(2)})
    token = CancelToken()
    thread = when_the_child_is_there(lambda _: token.cancel())
    with pytest.raises(Cancelled):
        convert(source, sha256, tmp_path / "out", token=token)
    thread.join()
    assert names_in(tmp_path) == ["a.pth"]
    assert not any(child.name == "weights converter" for child in multiprocessing.active_children())
