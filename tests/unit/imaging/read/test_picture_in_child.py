"""A picture that hangs its decoder, ends it or makes it ask for too much memory costs one film."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.errors import Code, FilmError
from imaging.read.child import POOL
from imaging.read.decode import decode
from imaging.read.limits import Limits
from imaging.study import ImageRef
from tests.dicom_files import film


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Image.fromarray(film(1200, 1000, bits=16)).save(tmp_path / "film.png")
    return tmp_path / "film.png"


@pytest.fixture
def child_pid(path: Path) -> Iterator[int]:
    POOL.close()
    decode(ImageRef(path))
    (child,) = (each for each in multiprocessing.active_children() if each.name == "decoder")
    assert child.pid is not None
    os.kill(child.pid, signal.SIGSTOP)
    yield child.pid
    POOL.close()


@pytest.mark.skipif(sys.platform == "win32", reason="processes can't be stopped there")
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_one_that_hangs(tmp_path: Path, suffix: str, child_pid: int) -> None:
    Image.fromarray(film(20, 30, bits=8)).save(tmp_path / f"hangs.{suffix}")
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(tmp_path / f"hangs.{suffix}"), limits=replace(Limits(), timeout_s=0.2))
    assert refusal.value.code is Code.TIMEOUT
    np.testing.assert_array_equal(decode(ImageRef(tmp_path / "film.png")).pixels, film(1200, 1000, bits=16))


@pytest.mark.skipif(sys.platform == "win32", reason="processes can't be stopped there")
def test_one_that_ends_the_decoder(path: Path, child_pid: int) -> None:
    with ThreadPoolExecutor(1) as thread:
        decoding = thread.submit(decode, ImageRef(path))
        while not (POOL._busy or decoding.done()):
            time.sleep(0.01)
        time.sleep(0.1)  # it has the picture by now
        os.kill(child_pid, signal.SIGKILL)
        with pytest.raises(FilmError) as refusal:
            decoding.result(10)
    assert refusal.value.code is Code.DECODER_DIED
    np.testing.assert_array_equal(decode(ImageRef(path)).pixels, film(1200, 1000, bits=16))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_one_that_wants_more_memory_than_it_may_have(tmp_path: Path) -> None:
    Image.new("I", (2000, 2000), 7).save(tmp_path / "film.tif", compression="tiff_lzw")
    with pytest.raises(FilmError) as refusal:
        decode(ImageRef(tmp_path / "film.tif"), limits=replace(Limits(), memory_bytes=20 << 20))
    assert refusal.value.code is Code.TOO_LARGE
    assert (decode(ImageRef(tmp_path / "film.tif")).pixels == 7).all()
