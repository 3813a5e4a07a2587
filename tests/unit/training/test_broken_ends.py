"""A run whose disk, folder, memory or program gives way: its folder says why, and nothing that was learnt is lost."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from imaging.errors import NegatoscopeError
from imaging.paths import user_data_dir
from imaging.progress import Cancelled, CancelToken
from inference.bundles.bundle import read_bundle
from inference.engines.engine import EngineMemoryError
from inference.networks.network import build_network
from inference.scoring.preprocess import PreprocessSpec
from tests.runs import (
    Break,
    FillsUp,
    begun,
    files_no_longer_than,
    judging,
    noise_films,
    plan_for,
    saved,
    state_of,
    trained,
    why_failed,
)
from training.films.cache import cached_films
from training.films.manifest import read_manifest
from training.learn.batches import Material
from training.learn.checkpoint import CheckpointError
from training.learn.judge import logits_of
from training.running.events import RunEvent, Started, Stopped, Told
from training.running.run_dir import HEARTBEAT, ROOM, RunDir, RunError
from training.running.worker import SEALING, train

FULL_DISK = """
import sys
from pathlib import Path
from tests.runs import FillsUp, noise_films, plan_for, saved, why_failed
from training.running.run_dir import ROOM, RunDir
from training.running.worker import SEALING, train

disk, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])

def fill(path):
    with path.open("ab", buffering=0) as stream:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while stream.write(b"\\n" * size):
                    pass
            except OSError as error:
                full = error
    print("full:", full.strerror)

def fill_up():
    fill(disk / "others")
    fill(disk / "run" / "events.jsonl")  # its last block has room for a line or two

run = RunDir(disk / "run")
run.create(plan_for(noise_films(elsewhere / "films")))
try:
    train(FillsUp(run.path, saved, fill_up), elsewhere / "models")
except Exception as error:
    print(type(error).__name__)
print(why_failed(run))
print("alive:", run.is_alive(), "room:", (run.path / ROOM).exists())
"""


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return noise_films(tmp_path / "films")


@pytest.fixture
def run(films: Path, tmp_path: Path) -> RunDir:
    made = RunDir(tmp_path / "run")
    made.create(plan_for(films))
    return made


@pytest.mark.parametrize(
    ("at", "limit", "sentence"),
    [
        (saved, 20_000, "The run can't be saved: the disk may be full"),  # no checkpoint, but a line of events
        (saved, 0, "The run can't be written any further: the disk may be full"),
        (judging, 20_000, "the disk may be full; what was learnt is kept"),
    ],
)
def test_a_disk_that_fills_up_costs_nothing_that_was_learnt(
    at: Break, limit: int, sentence: str, run: RunDir, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        full = FillsUp(run.path, at, lambda: stack.enter_context(files_no_longer_than(limit)))
        with pytest.raises(NegatoscopeError, match=sentence) as caught:
            train(full, tmp_path / "models")
    assert isinstance(caught.value, RunError | CheckpointError)
    if limit:
        assert why_failed(run) == caught.value.message
    assert not list(run.path.rglob("*.part"))
    train(run, tmp_path / "models")
    whole = begun(tmp_path / "whole", tmp_path / "films", judging)
    assert state_of(run) == state_of(whole)


def test_on_a_full_disk_there_is_room_for_the_last_word(tmp_path: Path) -> None:
    """On a real disk of 16 MB that something else fills to the last byte in the middle of the run."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=16m none {disk}"
    if shutil.which("unshare") is None or subprocess.run([*mounted, mount], check=False, stderr=-1).returncode:
        pytest.skip("this system lets no user mount a disk of their own")
    program = subprocess.run(
        [*mounted, f'{mount} && exec "$@"', "sh", sys.executable, "-c", FULL_DISK, str(disk), str(tmp_path)],
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "NEGATOSCOPE_DATA": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert program.returncode == 0, program.stderr
    *full, kind, why, rest = program.stdout.splitlines()
    assert full == ["full: No space left on device"] * 2
    assert kind in ("RunError", "CheckpointError")
    assert "the disk may be full" in why
    assert rest == "alive: True room: False"


def test_a_full_disk_does_not_stop_the_heart(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.beat()
    with files_no_longer_than(0):
        run.beat()
    assert run.is_alive()
    (tmp_path / HEARTBEAT).write_text("123456789 1.0\n")
    run.beat()
    assert (tmp_path / HEARTBEAT).read_text(encoding="ascii").split()[0] == str(os.getpid())


def test_room_is_kept_while_a_run_lives(run: RunDir, tmp_path: Path) -> None:
    sizes: list[int] = []
    train(FillsUp(run.path, saved, lambda: sizes.append((run.path / ROOM).stat().st_size)), tmp_path / "models")
    assert min(sizes) > 4096
    assert not (run.path / ROOM).exists()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="elsewhere room is taken by writing")
def test_room_for_the_decoded_films_is_taken_before_they_are_decoded(films: Path, tmp_path: Path) -> None:
    """Else a disk that fills up meanwhile ends the process without a word: a mapped file has no errors."""
    listed = read_manifest(films).films
    taken: list[int] = []

    def decoded(done: int, total: int | None = None) -> None:
        taken.extend(path.stat().st_blocks * 512 for path in (tmp_path / "cache").glob(".*/films.npy"))

    black = [listed[0]] * 500
    cached_films(black, PreprocessSpec(size_px=224), CancelToken(), decoded, tmp_path / "cache")
    assert taken[0] >= 500 * 224 * 224


def broken(error: BaseException) -> None:
    raise error


def test_a_defect_of_the_program_is_told_too(run: RunDir, films: Path, tmp_path: Path) -> None:
    """By its kind: its own words may quote a path or a header."""
    with pytest.raises(ValueError, match="names a patient"):
        train(FillsUp(run.path, saved, lambda: broken(ValueError("a path that names a patient"))), tmp_path / "models")
    assert why_failed(run) == "The program itself went wrong (ValueError); its log says where."
    trained(run, tmp_path / "models")
    assert state_of(run) == state_of(begun(tmp_path / "whole", films, judging))


NO_MEMORY = (
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("can't start new thread"),
)


@pytest.mark.parametrize("error", NO_MEMORY)
def test_memory_that_runs_out_elsewhere_is_one_sentence(error: Exception, run: RunDir, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not enough memory for this run; what was learnt is kept"):
        train(FillsUp(run.path, saved, lambda: broken(error)), tmp_path / "models")
    assert "not enough memory" in why_failed(run)


def test_no_memory_for_the_stack_of_a_thread_is_told_in_the_folder(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "heartbeat":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RunError, match="not enough memory"):
        train(run, tmp_path / "models")
    assert "not enough memory" in why_failed(run)
    monkeypatch.undo()
    trained(run, tmp_path / "models")


def test_ctrl_c_is_a_stop(run: RunDir, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(FillsUp(run.path, saved, lambda: broken(KeyboardInterrupt())), tmp_path / "models")
    assert isinstance(run.events()[0][-1], Stopped)


def test_a_run_whose_folder_vanishes_ends_in_one_sentence(run: RunDir, tmp_path: Path) -> None:
    """As with a drive that was pulled out; what comes back with the drive goes on."""
    away = tmp_path / "away"
    with pytest.raises(NegatoscopeError, match=r"can't be (written|saved)"):
        train(FillsUp(run.path, saved, lambda: run.path.rename(away)), tmp_path / "models")
    shutil.rmtree(run.path, ignore_errors=True)
    away.rename(run.path)
    assert trained(run, tmp_path / "models").card.name == "trial"


def test_films_that_vanish_while_it_learns_are_not_missed(run: RunDir, films: Path, tmp_path: Path) -> None:
    def begins(event: RunEvent) -> bool:
        return isinstance(event, Started)

    train(FillsUp(run.path, begins, lambda: shutil.rmtree(films)), tmp_path / "models")
    noise_films(films)
    assert state_of(run) == state_of(begun(tmp_path / "whole", films, judging))


def test_two_runs_of_a_name_make_two_models(run: RunDir, films: Path, tmp_path: Path) -> None:
    """The second begins and ends while the first one learns: neither model takes the other's place."""
    other, made = RunDir(tmp_path / "other"), []
    other.create(dataclasses.replace(plan_for(films), seed=2))

    def begins(event: RunEvent) -> bool:
        return isinstance(event, Started)

    models = tmp_path / "models"
    made.append(trained(FillsUp(run.path, begins, lambda: made.append(trained(other, models))), models))
    assert [bundle.id for bundle in made] == ["trial@1", "trial@2"]
    installed = [read_bundle(models / bundle.id) for bundle in made]
    assert [bundle.weights_sha256 for bundle in installed] == [bundle.weights_sha256 for bundle in made]
    assert made[0].weights_sha256 != made[1].weights_sha256


def test_a_run_waits_while_another_writes_its_model(run: RunDir, tmp_path: Path) -> None:
    """It says so, and can be cancelled meanwhile."""
    code = (
        "import sys, pathlib; from training.running.run_dir import lock_file\n"
        "place = pathlib.Path(sys.argv[1]); place.parent.mkdir(exist_ok=True); stream = place.open('a+b')\n"
        "print(lock_file(stream.fileno()), flush=True); sys.stdin.read()"
    )
    place = user_data_dir() / SEALING / "trial"
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "True\n"

    def waits(event: RunEvent) -> bool:
        return isinstance(event, Told) and event.words.startswith("Waiting for another run")

    try:
        with pytest.raises(Cancelled):
            train(FillsUp(run.path, waits, lambda: run.ask("cancel")), tmp_path / "models")
    finally:
        writer.communicate()
    run.ask("")
    assert trained(run, tmp_path / "models").id == "trial@1"


def test_judging_takes_fewer_films_at_a_time_where_memory_runs_out(films: Path, tmp_path: Path) -> None:
    network = build_network("tiny", 1, PreprocessSpec(size_px=32, mean=(0.5,), std=(0.25,)))
    cached = cached_films(read_manifest(films).films, PreprocessSpec(size_px=32), CancelToken(), folder=tmp_path / "c")
    places = torch.arange(40).numpy()
    material = Material(cached.films, places, torch.zeros(40, 1).numpy())
    whole = logits_of(network, material)
    most = [5]

    def no_more(module: Any, seen: tuple[Tensor]) -> None:
        if len(seen[0]) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    network.features.register_forward_pre_hook(no_more)
    torch.testing.assert_close(torch.from_numpy(logits_of(network, material)), torch.from_numpy(whole))
    most[0] = 0
    with pytest.raises(EngineMemoryError):
        logits_of(network, material)
