"""Is this a film that the model may speak about? A card without a gate accepts every film (contract.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imaging.image import DecodedImage
from inference.bundle import ModelBundle
from inference.engine import Floats
from inference.results import GateVerdict


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What the file says of a film, empty where it says nothing. `complete` is the share of the picture that it holds.

    `is_colour`: the pixels are RGB, which grey films sometimes are too.
    """

    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    is_colour: bool = False
    complete: float = 1.0


class Gate(Protocol):
    """The gate of one model."""

    def verdict(self, grey: npt.NDArray[np.uint8], embedding: Floats, facts: FilmFacts) -> GateVerdict:
        """Whether the model may speak about a film: its network input uint8 [S, S], embedding float32 [D] and facts."""
        ...


def film_facts(image: DecodedImage) -> FilmFacts:
    """The facts of a decoded film."""
    header = image.header
    return FilmFacts(header.modality, header.body_part, header.view_position, image.is_colour, image.complete)


def read_gate(bundle: ModelBundle) -> Gate | None:
    """The gate that travels in a bundle; None where there is none. Raises BundleError."""
    return None
