"""Films as network input, decoded once and held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from imaging.study import ImageRef
from inference.scoring.preprocess import Grey, PreprocessSpec, load_grey


def load_films(paths: Sequence[Path], spec: PreprocessSpec) -> Grey:
    """What the network sees of each film, uint8 [N, S, S], by the path that serving takes. Raises FilmError."""
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda path: load_grey(ImageRef(path), spec)[0], paths)))
