"""Is this a film that the model may speak about? A card without a gate accepts every film (contract.md).

Four questions, each with an answer in words: is it a frontal chest film, by the file's own words and by the layout of
the picture; is it exposed so that something is seen; is it sharp, clean and whole; and is it like the films that the
model was trained on, by layout and by the network's embedding. `training.sealing.gate_fit` answers what 'like' means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GATE, BundleError
from inference.engines.engine import Floats
from inference.gate.gate_facts import FilmFacts, against, spoilt
from inference.gate.gate_features import LAYOUT_LENGTH, Quality, layouts, quality
from inference.networks.backbones import BACKBONES
from inference.scoring.preprocess import Grey
from inference.scoring.results import GateVerdict

# What a picture can look like, in the order of the layout network's outputs, and how this is said.
LOOKS = {
    "frontal": "",
    "left": "It looks like a chest film turned on its side.",
    "right": "It looks like a chest film turned on its side.",
    "upside_down": "It looks like a chest film upside down.",
    "inverted": "It looks inverted: air is bright and bone is dark.",
    "part": "It looks like a part of a chest film.",
    "other": "It does not look like a frontal chest film.",
}
LIMITS = frozenset({"frontal", "layout", "embedding", "spread", "clipped", "noise", "sharpness"})
UNLIKE = "It is unlike the films that the model was trained on."


@dataclass(frozen=True, slots=True, eq=False)
class Subspace:
    """Where the training films lie: their mean, float32 [D], and the directions in which they differ, [K, D]."""

    mean: Floats
    axes: Floats

    def distances(self, values: Floats) -> Floats:
        """How far each of float32 [N, D] lies outside, [N]: the square of what the directions do not explain."""
        offsets = values - self.mean
        inside = offsets @ self.axes.T
        outside = np.square(offsets).sum(axis=1) - np.square(inside).sum(axis=1)
        return np.asarray(np.maximum(outside, 0.0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """The gate of one model. The layout network has one hidden layer: [H, LAYOUT_LENGTH] and [looks, H] with biases.

    `limits` by name: at least `frontal` (log odds), `spread`, `sharpness`; at most `layout`, `embedding`, `clipped`,
    `noise`.
    """

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats
    layout_space: Subspace
    embedding_space: Subspace
    limits: dict[str, float]

    def verdicts(
        self, greys: Sequence[Grey] | Grey, embeddings: Floats, facts: Sequence[FilmFacts]
    ) -> list[GateVerdict]:
        """Whether the model may speak about each of some films: their network inputs uint8 [S, S], embeddings
        float32 [N, D] and facts.
        """
        at = layouts(greys)
        odds = self.log_odds(at)
        far = self.layout_space.distances(at) > self.limits["layout"]
        strange = self.embedding_space.distances(as_direction(embeddings)) > self.limits["embedding"]
        films = zip(greys, odds, far | strange, facts, strict=True)
        return [self._verdict(quality(grey), *film) for grey, *film in films]

    def log_odds(self, at: Floats) -> Floats:
        """How much more each look fits than all the others: float32 [N, looks] for layouts [N, LAYOUT_LENGTH]."""
        active = np.maximum(at @ self.hidden.T + self.hidden_bias, 0)
        outputs = active @ self.output.T + self.output_bias
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        others = shares.sum(axis=1, keepdims=True) - shares
        return np.asarray(np.log(shares + 1e-12) - np.log(others + 1e-12), np.float32)

    def _verdict(self, seen: Quality, odds: Floats, unlike: np.bool_, facts: FilmFacts) -> GateVerdict:
        if seen.spread < self.limits["spread"]:  # neither layout nor sharpness of a film of one grey says anything
            found = {
                "not_frontal_chest": against(facts),
                "exposure": "There is next to nothing to see: it is one grey.",
            }
        else:
            found = {
                "not_frontal_chest": against(facts) or self._looks_like(odds),
                "exposure": self._badly_exposed(seen),
                "quality": spoilt(facts) or self._poor(seen),
                "unlike_training": UNLIKE if unlike else "",
            }
        said = {reason: words for reason, words in found.items() if words}
        return GateVerdict(not said, tuple(said), tuple(said.values()))

    def _looks_like(self, odds: Floats) -> str:
        if odds[0] >= self.limits["frontal"]:
            return ""
        return tuple(LOOKS.values())[1 + int(odds[1:].argmax())]

    def _badly_exposed(self, seen: Quality) -> str:
        return "Much of the film is plain black or white." if seen.clipped > self.limits["clipped"] else ""

    def _poor(self, seen: Quality) -> str:
        if seen.noise > self.limits["noise"]:
            return "The film is too noisy."
        return "The film is too blurred." if seen.sharpness < self.limits["sharpness"] else ""


def as_direction(embedding: Floats) -> Floats:
    """An embedding, float32 [..., D], with its large features damped (signed root), at length 1: exposure changes the
    length of pooled features more than their direction.
    """
    damped = np.sign(embedding) * np.sqrt(np.abs(embedding))
    length = np.linalg.norm(damped, axis=-1, keepdims=True)
    return np.asarray(damped / np.maximum(length, 1e-6), np.float32)


def read_gate(bundle: ModelBundle) -> Gate | None:
    """The gate that travels in a bundle; None where there is none. Raises BundleError."""
    spec = bundle.card.gate
    if spec is None:
        return None
    gate = gate_of(bundle.arrays(GATE), spec.limits)
    if len(gate.embedding_space.mean) != BACKBONES[bundle.card.backbone].channels:
        raise BundleError("The model's gate is that of another network.")
    return gate


def gate_of(arrays: dict[str, npt.NDArray[np.float32]], limits: dict[str, float]) -> Gate:
    """A gate from the arrays of its file and the limits on its card. Raises BundleError where they do not fit."""
    lengths = {name: array.shape for name, array in arrays.items()}
    hidden = lengths.get("hidden", (0,))[0]
    embedding = lengths.get("embedding_mean", (0,))[0]
    layout_axes, embedding_axes = (lengths.get(name, (0,))[0] for name in ("layout_axes", "embedding_axes"))
    expected = {
        "hidden": (hidden, LAYOUT_LENGTH),
        "hidden_bias": (hidden,),
        "output": (len(LOOKS), hidden),
        "output_bias": (len(LOOKS),),
        "layout_mean": (LAYOUT_LENGTH,),
        "layout_axes": (layout_axes, LAYOUT_LENGTH),
        "embedding_mean": (embedding,),
        "embedding_axes": (embedding_axes, embedding),
    }
    sound = all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays.values())
    if lengths != expected or not sound or set(limits) != LIMITS:
        raise BundleError("The model's gate is damaged.", detail=f"{lengths} {sorted(limits)}")
    return Gate(
        hidden=arrays["hidden"],
        hidden_bias=arrays["hidden_bias"],
        output=arrays["output"],
        output_bias=arrays["output_bias"],
        layout_space=Subspace(arrays["layout_mean"], arrays["layout_axes"]),
        embedding_space=Subspace(arrays["embedding_mean"], arrays["embedding_axes"]),
        limits=limits,
    )
