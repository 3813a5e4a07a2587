"""Heat maps as PNG files of the film's size, named so that no two films of an archive collide."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from imaging.cv import cv2
from imaging.errors import NegatoscopeError
from imaging.heatmap import Heatmap
from imaging.show.heatmap import on_film
from imaging.study import ImageRef

# Neighbours differ little in a smooth map: of their differences the fastest level makes small files in little time.
_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB)


def write_heatmaps(folder: Path, ref: ImageRef, maps: Sequence[Heatmap], size_px: tuple[int, int]) -> dict[str, Path]:
    """Write a film's heat maps, 255 being the card's heat scale, and say where, by label. `size_px` is (height, width).

    Raises NegatoscopeError where the folder does not take them.
    """
    paths = {heatmap.label: folder / heatmap_name(ref, heatmap.label) for heatmap in maps}
    for heatmap in maps:
        encoded = cv2.imencode(".png", on_film(heatmap, size_px), _FAST)[1]
        try:
            paths[heatmap.label].write_bytes(encoded.tobytes())
        except OSError as error:
            raise NegatoscopeError("The heat maps can't be written any further.", detail=str(error)) from error
    return paths


def heatmap_name(ref: ImageRef, label: str) -> str:
    """`<film>-<frame>-<label>-<hash>.png`: the same for the same input, legal everywhere, short enough for any disk."""
    whole = f"{ref.path.as_posix()}\n{ref.frame}\n{label}"
    digest = hashlib.sha256(whole.encode("utf-8", errors="surrogatepass")).hexdigest()[:16]
    return f"{_plain(ref.path.stem, 60)}-{ref.frame}-{_plain(label, 40)}-{digest}.png"


def _plain(text: str, length: int) -> str:
    """Letters, digits, dots and dashes of any script; the hash tells apart what this makes equal."""
    return re.sub(r"[^\w.-]+", "_", text.encode("utf-8", errors="replace").decode("utf-8"))[:length]
