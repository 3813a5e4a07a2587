"""Pictures decoded in a child process against the same decoding in the program itself, in turns in one run.

    python -m tests.benchmarks.bench_rasters [--rounds 15]

Child: `imaging.read.decode.decode`, or `decode_reduced` where it says so, as `screen` and the window call it. Here:
what the child does, done in the program, into fresh memory. Both from the path, from a warm start;
the least of all rounds counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imaging.read.decode import decode, decode_reduced
from imaging.read.limits import DEFAULT_LIMITS
from imaging.read.picture import PictureJob
from imaging.study import ImageRef
from tests.benchmarks.bench_codecs import film, spent


@dataclass(frozen=True, slots=True)
class Kind:
    """A picture of `side` x `side` pixels; `reduced` is the size asked for, 0 for all of it."""

    name: str
    side: int
    bits: int
    suffix: str
    save: dict[str, Any]
    reduced: int = 0


KINDS = (
    Kind("PNG, 224 px", 224, 8, "png", {}),
    Kind("JPEG, 224 px", 224, 8, "jpg", {"quality": 90}),
    Kind("JPEG for 224 px", 1448, 8, "jpg", {"quality": 90}, reduced=224),
    Kind("JPEG", 1448, 8, "jpg", {"quality": 90}),
    Kind("PNG", 1448, 8, "png", {}),
    Kind("PNG, 16 bits", 1448, 16, "png", {}),
    Kind("TIFF, 16 bits", 1448, 16, "tif", {}),
    Kind("TIFF, LZW", 1448, 8, "tif", {"compression": "tiff_lzw"}),
)


def ways(path: Path, kind: Kind) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Through the child, and here."""
    size = (kind.reduced, kind.reduced) if kind.reduced else None
    most = kind.side**2 * (kind.bits // 8)

    def here() -> None:
        PictureJob(str(path), 0, size, most).decode(memoryview(b""), DEFAULT_LIMITS, np.empty(most, np.uint8))

    return (lambda: decode_reduced(ImageRef(path), size) if size else decode(ImageRef(path))), here


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{rounds} rounds in turns; milliseconds, least\n")
    heads = ("child, wall", "here, wall", "ratio", "child, CPU", "here, CPU", "ratio")
    print(f"{'':<24}" + "".join(f"{head:>13}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            path = Path(folder) / f"film.{kind.suffix}"
            Image.fromarray(film(kind.side, kind.bits)).save(path, **kind.save)
            child, here = ways(path, kind)
            child(), here()
            pairs = [(spent(child), spent(here)) for _ in range(rounds)]
            figures = []
            for which in ("wall", "cpu"):
                ours, theirs = (min(getattr(pair[side], which) for pair in pairs) * 1e3 for side in (0, 1))
                figures.append(f"{ours:>13.2f}{theirs:>13.2f}{ours / theirs:>13.2f}")
            print(f"{kind.name:<24}{''.join(figures)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
