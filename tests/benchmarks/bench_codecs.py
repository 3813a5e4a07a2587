"""Decoding a film from its file against calling the codec on the compressed bytes, in turns in one run.

    python -m tests.benchmarks.bench_codecs [--side 1448 --rounds 9]

Ours: `imaging.read.decode.decode`, the whole way from the path to stored values, child process included. The codec: the
library's own function on bytes that lie in memory, as pydicom's decoders call it. Both from a warm start. CPU times are
those of the program and the child. The least of all rounds counts, on either side, as other work on the machine makes
both kinds of time longer.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from imaging.read.decode import decode
from imaging.study import ImageRef
from tests import dicom_files as make

AIM = 1.15


def film(side: int, bits: int) -> make.Pixels:
    """Smooth as a chest film, with the noise of a detector: a quarter of a per cent of the range."""
    down, across = np.mgrid[0.0 : 1.0 : side * 1j, 0.0 : 1.0 : side * 1j]
    shades = 0.5 + 0.4 * np.sin(7 * across) * np.cos(5 * down)
    noise = np.random.default_rng(2).normal(0.0, 0.0025, shades.shape)
    container = np.uint8 if bits <= 8 else np.uint16
    values: make.Pixels = np.round(np.clip(shades + noise, 0.0, 1.0) * ((1 << bits) - 1)).astype(container)
    return values


@dataclass(frozen=True, slots=True)
class Codec:
    """`direct` takes the compressed frame and the side of the film in pixels."""

    name: str
    syntax: str
    bits: int
    direct: Callable[[bytes, int], Any]


def codecs() -> list[Codec]:
    import imagecodecs
    import jpeg_ls
    import openjpeg
    from rle.utils import decode_frame

    return [
        Codec("JPEG baseline", make.JPEG_BASELINE, 8, lambda data, _: imagecodecs.jpeg8_decode(data)),
        Codec("JPEG extended, 12 bits", make.JPEG_EXTENDED, 12, lambda data, _: imagecodecs.jpeg8_decode(data)),
        Codec("JPEG lossless", make.JPEG_LOSSLESS, 12, lambda data, _: imagecodecs.jpeg8_decode(data)),
        Codec("JPEG-LS", make.JPEG_LS, 12, lambda data, _: jpeg_ls.decode_buffer(data)),
        Codec("JPEG 2000", make.JPEG_2000, 12, lambda data, _: openjpeg.decode(data)),
        Codec("HTJ2K", make.HTJ2K, 12, lambda data, _: openjpeg.decode(data)),
        Codec("JPEG XL", make.JPEG_XL, 12, lambda data, _: imagecodecs.jpegxl_decode(data)),
        Codec("RLE", make.RLE, 12, lambda data, side: decode_frame(data, side * side, 16, "<")),
        Codec("deflated frames", make.DEFLATED_FRAMES, 12, lambda data, _: zlib.decompress(data, -15)),
    ]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one call: on the clock, and of the CPU in this process and its children."""

    wall: float
    cpu: float


def spent(call: Callable[[], Any]) -> Spent:
    """What one call takes."""
    cpu, wall = _cpu_s(), time.perf_counter()
    call()
    return Spent(time.perf_counter() - wall, _cpu_s() - cpu)


def _cpu_s() -> float:
    """Of this process and its children, all threads."""
    return time.process_time() + sum(_child_cpu_s(child.pid) for child in multiprocessing.active_children())


def _child_cpu_s(pid: int | None) -> float:
    """In nanoseconds where Linux tells them; elsewhere in ticks of 10 ms."""
    if sys.platform == "linux" and pid is not None:
        return time.clock_gettime(~pid << 3 | 2)  # the process's CPU clock: clock_getcpuclockid(3), which Python lacks
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measured(folder: Path, codec: Codec, side: int, rounds: int) -> list[tuple[Spent, Spent]]:
    """Ours and the codec alone, round by round."""
    pixels = film(side, codec.bits)
    made = make.dataset(pixels, bits_stored=codec.bits, transfer_syntax=codec.syntax)
    path = make.write_dataset(folder / "film", made)
    frame = make._compressed(pixels, codec.syntax, made)
    decode(ImageRef(path))
    codec.direct(frame, side)
    ours, theirs = (lambda: decode(ImageRef(path))), (lambda: codec.direct(frame, side))
    return [(spent(ours), spent(theirs)) for _ in range(rounds)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=1448, help="pixels; 1448 squared is 2 megapixels")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print(f"{options.side} x {options.side} pixels, {options.rounds} rounds in turns; milliseconds, least\n")
    heads = ("file, wall", "codec, wall", "ratio", "file, CPU", "codec, CPU", "ratio")
    print(f"{'':<24}" + "".join(f"{head:>13}" for head in heads) + f"   aim {AIM}")
    with tempfile.TemporaryDirectory() as name:
        for codec in codecs():
            pairs = measured(Path(name), codec, options.side, options.rounds)
            print(f"{codec.name:<24}{_columns(pairs, 'wall')}{_columns(pairs, 'cpu')}", flush=True)
    return 0


def _columns(pairs: Sequence[tuple[Spent, Spent]], kind: str) -> str:
    ours, theirs = (min(getattr(pair[side], kind) for pair in pairs) * 1e3 for side in (0, 1))
    return f"{ours:>13.1f}{theirs:>13.1f}{ours / theirs:>13.2f}"


if __name__ == "__main__":
    sys.exit(main())
