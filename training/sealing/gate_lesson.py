"""What the gate is taught with: training films as they may come, what can be made of them, and drawn pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from imaging.cv import cv2
from inference.engines.engine import Floats
from inference.gate.gate import LOOKS
from inference.gate.gate_features import layouts
from inference.scoring.preprocess import Grey
from training.sealing.gate_changes import Rng, inverted, jumbled, part, turned_left, turned_right, upside_down, varied
from training.sealing.gate_pictures import drawn

_SIDE_PX = 128  # layouts are told at 64 px: larger pictures would only take longer to make
_EACH_OF = 6  # a way of not being upright and whole gets one picture for so many films that are
_AS_THEY_ARE = 3  # one film in so many stays as it is

_SPOILT: dict[str, Callable[[Grey, Rng], Grey]] = {
    "left": lambda film, rng: turned_left(film),
    "right": lambda film, rng: turned_right(film),
    "upside_down": upside_down,
    "inverted": lambda film, rng: inverted(film),
    "part": part,
}


def lesson(films: Grey, count: int, rng: Rng) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Layouts, float32 [N, LAYOUT_LENGTH], and what each shows, a place in `LOOKS`. films: uint8 [any number, S, S].

    `count` films as they may come, as many drawn pictures, and about as many that were made of films.
    """
    some = rng.choice(len(films), min(count, len(films)), replace=False)
    small = np.stack([_reduced(films[number]) for number in some])
    names = tuple(LOOKS)

    def any_film() -> Grey:
        return varied(small[rng.integers(len(small))], rng)

    pictures, looks = [], []
    for number in range(count):
        pictures.append(small[rng.integers(len(small))] if number % _AS_THEY_ARE == 0 else any_film())
        looks.append(names.index("frontal"))
    for name, change in _SPOILT.items():
        for _ in range(count // _EACH_OF * (2 if name == "part" else 1)):
            pictures.append(change(any_film(), rng))
            looks.append(names.index(name))
    pictures.extend(jumbled(np.stack([any_film() for _ in range(4)]), rng) for _ in range(count // _EACH_OF))
    pictures.extend(drawn(_SIDE_PX, rng) for _ in range(count))
    looks.extend([names.index("other")] * (len(pictures) - len(looks)))
    return layouts(np.stack(pictures)), np.array(looks)


def _reduced(film: Grey) -> Grey:
    method = cv2.INTER_AREA if film.shape[0] > _SIDE_PX else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(film, (_SIDE_PX, _SIDE_PX), interpolation=method))
