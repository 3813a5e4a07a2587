"""How the memory of a `screen` run grows with the number of its films."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from imaging.progress import CancelToken
from inference.bundles.bundle import ModelBundle
from inference.engines.device import choose_engine
from inference.scoring.operating import recommended_points
from inference.scoring.pipeline import Analyser
from inference.screening.screen import Screening, screen
from inference.screening.screen_lines import Lines, open_lines
from inference.screening.screen_rows import Terms

FOLDER = 1000  # links a folder


@dataclass
class Watch(CancelToken):
    """Notes the memory of this process whenever another `every` lines are written."""

    lines: Lines
    every: int
    points: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._process = psutil.Process()

    def check(self) -> None:
        super().check()
        films = self.lines.tally.films
        if films and films % self.every == 0 and (not self.points or self.points[-1][0] != films):
            self.points.append((films, self._process.memory_info().rss))


def links(folder: Path, films: int, pictures: int = 5) -> Path:
    """So many links to a few small films of noise, a thousand in a folder."""
    generator = np.random.default_rng(1)
    folder.mkdir()
    kept = [folder.parent / f"picture {index}.png" for index in range(pictures)]
    for path in kept:
        Image.fromarray(generator.integers(0, 256, (70, 90), np.uint8)).save(path)
    for index in range(films):
        inner = folder / f"{index // FOLDER}"
        inner.mkdir(exist_ok=True)
        (inner / f"{index}.png").symlink_to(kept[index % pictures])
    return folder


def watched(bundle: ModelBundle, archive: Path, out: Path, every: int, *, resume: bool = False) -> Watch:
    """Screen an archive, noting the memory on the way."""
    analyser = Analyser(bundle, choose_engine(bundle, "onnx", threads=1))
    terms = Terms(bundle.id, bundle.weights_sha256, recommended_points(bundle.card), heatmaps=False)
    lines = open_lines(out, terms, resume=resume)
    watch = Watch(lines, every)
    with lines.stream:
        screen(Screening(analyser, terms, None, 2), [archive], lines, watch)
    return watch


def slope(points: list[tuple[int, int]]) -> float:
    """Bytes a film over the points behind the first third: what is kept for re-use is there then.

    The median of the slopes between any two points (Theil and Sen): one step, taken by whatever else the process holds,
    leaves it flat, and what every film leaves behind does not.
    """
    behind = points[len(points) // 3 :]
    return statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(behind, 2))
