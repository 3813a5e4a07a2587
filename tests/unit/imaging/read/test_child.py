"""The decoding children: limits, death, replacement, several threads."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from imaging.confined import resident_bytes
from imaging.errors import Code, FilmError
from imaging.read.child import DecoderPool
from imaging.read.codecs import Job
from imaging.read.limits import MIB, Limits
from imaging.read.picture import PictureJob
from tests.dicom_files import film

LIMITS = Limits()
PIXELS = film(300, 400, bits=16)
ROOT = Path(__file__).resolve().parents[4]


def decoded(
    pool: DecoderPool, pixels: np.ndarray = PIXELS, limits: Limits = LIMITS, kept: int | None = None
) -> np.ndarray:
    """A film through JPEG-LS and the pool; `kept` cuts the compressed frame off."""
    rows, columns = pixels.shape
    job = Job("jpeg_ls", rows, columns, samples=1, sample_bytes=2)
    frame, share = pool.decode(job, bytes(imagecodecs.jpegls_encode(pixels))[:kept], limits)
    assert share == 1.0
    return frame.view("<u2").reshape(rows, columns)


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool(2)
    yield made
    made.close()


def children() -> set[BaseProcess]:
    return set(multiprocessing.active_children())


@contextmanager
def held_up(pool: DecoderPool) -> Iterator[tuple[BaseProcess, Future[np.ndarray]]]:
    """The pool's only child, stopped over a film, and the film."""
    others = children()
    decoded(pool)
    (child,) = children() - others
    assert child.pid is not None
    os.kill(child.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        decoding = thread.submit(decoded, pool)
        while not (pool._busy or decoding.done()):
            time.sleep(0.01)
        yield child, decoding


def is_running(pid: int) -> bool:
    """Whether the process lives; one that is dead and not yet reaped by anybody does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_one_child_serves_one_frame_after_another(pool: DecoderPool) -> None:
    before = len(children())
    for _ in range(3):
        np.testing.assert_array_equal(decoded(pool), PIXELS)
    assert len(children()) == before + 1
    pool.close()
    assert len(children()) == before


def test_a_child_that_got_ready_ahead_serves_the_first_frame(pool: DecoderPool) -> None:
    others = children()
    pool.get_ready()
    pool.get_ready()
    (child,) = children() - others
    np.testing.assert_array_equal(decoded(pool), PIXELS)
    assert children() - others == {child}
    pool.close()
    pool.get_ready()  # there have been films: whoever closed the pool meant it
    assert children() == others


def test_a_damaged_frame_leaves_the_child_alive(pool: DecoderPool) -> None:
    decoded(pool)
    before = children()
    with pytest.raises(FilmError) as refusal:
        decoded(pool, kept=500)
    assert refusal.value.code is Code.CORRUPT
    assert children() == before


def test_a_child_that_dies_over_a_film_refuses_it_and_is_replaced(pool: DecoderPool) -> None:
    with held_up(pool) as (child, decoding):
        time.sleep(0.1)  # it has the job by now, and does not answer
        child.kill()
        with pytest.raises(FilmError) as refusal:
            decoding.result(10)
    assert refusal.value.code is Code.DECODER_DIED
    np.testing.assert_array_equal(decoded(pool), PIXELS)


def test_a_child_that_was_killed_while_it_waited_costs_no_film(pool: DecoderPool) -> None:
    others = children()
    decoded(pool)
    (child,) = children() - others
    child.kill()
    child.join(5)
    np.testing.assert_array_equal(decoded(pool), PIXELS)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are started in another way there")
def test_a_system_that_starts_no_process_is_not_blamed_on_the_film(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more_processes(*_: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr("multiprocessing.popen_spawn_posix.Popen.__init__", no_more_processes)
    with pytest.raises(FilmError) as refusal:
        decoded(pool)
    assert "could not be started" in refusal.value.message


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere frames go over the pipe")
def test_a_machine_without_memory_is_no_failing_disk(pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_memory(*_: object) -> int:
        raise OSError(errno.ENOMEM, "no more memory")

    decoded(pool)
    with monkeypatch.context() as patched:
        patched.setattr("os.memfd_create", no_more_memory)
        with pytest.raises(FilmError) as refusal:
            decoded(pool, film(600, 800, bits=16))  # on the desk of a smaller film there is no room for it
    assert refusal.value.code is Code.TOO_LARGE
    np.testing.assert_array_equal(decoded(pool), PIXELS)


def test_a_child_that_hangs_is_given_up(pool: DecoderPool) -> None:
    others = children()
    decoded(pool)
    (child,) = children() - others
    assert child.pid is not None
    os.kill(child.pid, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(FilmError) as refusal:
        decoded(pool, limits=replace(LIMITS, timeout_s=0.3))
    assert refusal.value.code is Code.TIMEOUT
    assert time.monotonic() - started < LIMITS.timeout_s / 2
    assert child not in children()
    np.testing.assert_array_equal(decoded(pool), PIXELS)


def test_memory_beyond_the_limit_is_refused(pool: DecoderPool) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux bounds a process's memory")
    large = np.zeros((6000, 6000), np.uint16)
    with pytest.raises(FilmError) as refusal:
        decoded(pool, large, replace(LIMITS, memory_bytes=40 * MIB))
    assert refusal.value.code in (Code.TOO_LARGE, Code.CORRUPT)
    assert decoded(pool, large).shape == (6000, 6000)


def test_memory_is_watched_from_outside_where_the_system_does_not_bound_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows and macOS. The child's own limit is out of the way: it has all the address space it wants."""
    pool = DecoderPool(watched=True)
    others = children()
    try:
        assert decoded(pool).shape == PIXELS.shape
        (child,) = children() - others
        assert child.pid is not None
        monkeypatch.setattr("imaging.read.child.resident_bytes", lambda pid: 4096 * MIB)
        os.kill(child.pid, signal.SIGSTOP)  # a decoder that is busy
        with pytest.raises(FilmError) as refusal:
            decoded(pool)
        assert refusal.value.code is Code.TOO_LARGE
        assert child not in children()
        monkeypatch.undo()
        np.testing.assert_array_equal(decoded(pool), PIXELS)
    finally:
        pool.close()


def test_frames_and_pictures_go_over_the_pipe_where_there_is_no_shared_memory(
    tmp_path: Path, pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows and macOS."""
    monkeypatch.setattr("imaging.read.child.HAS_DESKS", False)
    np.testing.assert_array_equal(decoded(pool), PIXELS)
    with pytest.raises(FilmError) as refusal:
        decoded(pool, kept=500)
    assert refusal.value.code is Code.CORRUPT
    if sys.platform == "linux":  # which alone bounds a process's memory
        with pytest.raises(FilmError) as refusal:
            decoded(pool, np.zeros((6000, 6000), np.uint16), replace(LIMITS, memory_bytes=40 * MIB))
        assert refusal.value.code is Code.TOO_LARGE
    Image.fromarray(PIXELS).save(tmp_path / "film.png")
    job = PictureJob(str(tmp_path / "film.png"), 0, None, PIXELS.nbytes)
    pixels, facts = pool.decode(job, b"", LIMITS)
    assert facts.shape == PIXELS.shape
    np.testing.assert_array_equal(pixels.view(facts.kind).reshape(facts.shape), PIXELS)


def test_resident_memory_is_that_of_the_process() -> None:
    held = resident_bytes(os.getpid())
    ballast = np.ones(64 * MIB, np.uint8)
    assert resident_bytes(os.getpid()) - held > 0.9 * ballast.nbytes
    assert resident_bytes(2**22 + 1) == 0


@pytest.mark.parametrize(("start_s", "count"), [(0.0, 2), (60.0, 1)])
def test_many_threads_share_as_many_children_as_are_worth_their_start(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch, start_s: float, count: int
) -> None:
    monkeypatch.setattr("imaging.read.child._START_S", start_s)
    before = len(children())
    films = [film(100, 120, bits=16, seed=seed) for seed in range(12)]
    with ThreadPoolExecutor(6) as threads:
        for pixels, result in zip(films, threads.map(lambda p: decoded(pool, p), films), strict=True):
            np.testing.assert_array_equal(result, pixels)
    assert len(children()) == before + count


def test_who_has_waited_as_long_as_a_start_takes_has_another_child(pool: DecoderPool) -> None:
    others = children()
    with held_up(pool) as (busy, slow):
        assert busy.pid is not None
        np.testing.assert_array_equal(decoded(pool), PIXELS)
        assert len(children() - others) == 2
        os.kill(busy.pid, signal.SIGCONT)
        np.testing.assert_array_equal(slow.result(10), PIXELS)


def test_a_start_that_fails_leaves_the_next_one_to_try(pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_descriptors(*_: object) -> None:
        raise OSError(errno.EMFILE, "no more descriptors")

    with monkeypatch.context() as patched:
        patched.setattr("multiprocessing.connection.Pipe", no_more_descriptors)
        for _ in range(3):
            with pytest.raises(FilmError):
                decoded(pool)
    np.testing.assert_array_equal(decoded(pool), PIXELS)


def test_closing_leaves_no_thread_and_no_process(pool: DecoderPool) -> None:
    threads, before = threading.active_count(), len(children())
    decoded(pool)
    pool.close()
    assert (threading.active_count(), len(children())) == (threads, before)


PARENT = """
import sys
from imaging.read.child import POOL
from tests.unit.imaging.read.test_child import decoded
import multiprocessing
if __name__ == "__main__":
    decoded(POOL)
    for child in multiprocessing.active_children():
        print(child.pid, flush=True)
    if sys.argv[1] == "wait":
        sys.stdin.read()
"""


@pytest.mark.parametrize("ending", ["exit", "wait"])
def test_no_child_outlives_its_parent(tmp_path: Path, ending: str) -> None:
    if sys.platform != "linux":
        pytest.skip("processes are looked up in /proc")
    (tmp_path / "parent.py").write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(tmp_path / "parent.py"), ending]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline())]
        if ending == "wait":
            parent.kill()
        parent.wait(20)
    deadline = time.monotonic() + 5.0
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in pids)


def test_the_child_imports_neither_qt_nor_torch_nor_pydicom() -> None:
    heavy = "{'torch', 'PySide6', 'pydicom', 'cv2', 'onnxruntime'}"
    load = "from imaging.read import codecs, picture; codecs.load(); picture.load()"
    code = f"import sys; {load}; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
