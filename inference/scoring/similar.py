"""The most similar films by embedding, with their labels: an explanation by example, and never a score.

A bundle carries the embeddings and labels of some of the films that it was trained on, but no picture of them. Two
films are as similar as the angle between their embeddings is small, seen from the mean of all training films: 1 for the
same direction, 0 for a right angle, -1 for opposite ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inference.bundles.card import REFERENCE, BundleError, ReferenceSpec
from inference.networks.backbones import BACKBONES

if TYPE_CHECKING:
    from inference.bundles.bundle import ModelBundle
    from inference.engines.engine import Floats

LOOKED_AT = 20  # of the most similar films, how many are ill is told
MOST_FILMS = 20_000  # more would only be slow: a thousand tell as much
TRAINED_ON = "trained_on_sha256"  # the key of a card's recipe under which cards without references may list films
_NORM_SLACK = 0.01  # float16 keeps three digits
_DIGEST_BYTES = 32
_ALWAYS = {"centre", "embeddings", "labels"}
_NAMES = {"digest": _ALWAYS | {"digest", "trained_on"}, "phantom": _ALWAYS | {"phantom"}}


@dataclass(frozen=True, slots=True)
class SimilarFilm:
    """A reference film and how similar it is, -1 to 1. `labels` are those of the card that it has.

    Its picture is found by the sha256 of its file, or by the seed of a synthetic film: the other one is '' or None.
    """

    labels: tuple[str, ...]
    similarity: float
    digest: str = ""
    phantom: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The reference films of a bundle: unit embeddings float32 [M, D], seen from `centre`, float32 [D], and labels
    bool [M, K] in the card's order.

    `digests` or `phantoms` name the M films, the other one is empty. `trained_on` holds the sha256 of the files of
    all films that the model was trained on, where they were files.
    """

    spec: ReferenceSpec
    label_names: tuple[str, ...]
    centre: Floats
    embeddings: Floats
    labels: npt.NDArray[np.bool_]
    digests: tuple[str, ...]
    phantoms: tuple[int, ...]
    trained_on: frozenset[str]

    def nearest(self, embedding: Floats, count: int, leave_out_digest: str = "") -> tuple[SimilarFilm, ...]:
        """The `count` reference films most similar to an embedding, float32 [D], the most similar first.

        The film of `leave_out_digest`, which is the one looked at, is no example for itself. Empty for an embedding
        without a direction, or of another network.
        """
        direction = unit(embedding, self.centre)
        if direction is None:
            return ()
        left_out = [place for place, digest in enumerate(self.digests) if digest == leave_out_digest]
        found = most_similar(cosines(self.embeddings, direction), count, left_out)
        return tuple(self._film(place, similarity) for place, similarity in found)

    def count_with(self, label: str) -> int:
        """How many of all reference films have a label: what the nearest ones are to be held against."""
        return int(self.labels[:, self.label_names.index(label)].sum())

    def _film(self, place: int, similarity: float) -> SimilarFilm:
        names = tuple(name for name, has in zip(self.label_names, self.labels[place], strict=True) if has)
        digest = self.digests[place] if self.digests else ""
        return SimilarFilm(names, similarity, digest, self.phantoms[place] if self.phantoms else None)


def cosines(units: Floats, direction: Floats) -> Floats:
    """Of each of `units`, float32 [M, D], with `direction`, float32 [D], all of length 1: float32 [M].

    Not by BLAS, which shares so little work among threads and waits for all of them: 20 ms on a busy machine, not 0.2.
    """
    found: Floats = np.einsum("md,d->m", units, direction)
    return found


def most_similar(alike: Floats, count: int, left_out: Collection[int] = ()) -> list[tuple[int, float]]:
    """Places and values of the `count` largest of these cosines, float32 [M], the largest first, equal ones by place.

    The places of `left_out` are not looked at.
    """
    alike = alike.copy()
    alike[list(left_out)] = -np.inf
    wanted = min(count, len(alike) - len(left_out))
    if wanted < 1:
        return []
    least = np.partition(alike, len(alike) - wanted)[len(alike) - wanted]
    ordered = sorted(np.flatnonzero(alike >= least).tolist(), key=lambda place: (-float(alike[place]), place))
    return [(place, float(np.clip(alike[place], -1, 1))) for place in ordered[:wanted]]


def unit(embedding: Floats, centre: Floats | None = None) -> Floats | None:
    """An embedding seen from the centre (None: from zero) at length 1, float32 [D].

    None where it has no direction, or comes from another network than the centre.
    """
    if centre is not None and centre.shape != embedding.shape:
        return None
    seen = embedding.astype(np.float64) - (0 if centre is None else centre)
    length = float(np.linalg.norm(seen))
    return (seen / length).astype(np.float32) if np.isfinite(length) and length > 0 else None


def count_ill(films: Sequence[SimilarFilm], label: str) -> int:
    """How many of these films have a label."""
    return sum(label in film.labels for film in films)


def trained_on(bundle: ModelBundle) -> frozenset[str]:
    """The sha256 of the files that a model was trained on, as far as its bundle lists them. Raises BundleError.

    No bundle has to: an empty set is no promise that it never saw a film. A copy that was resampled or written anew
    has another digest.
    """
    reference = read_reference(bundle)
    listed = bundle.card.recipe.get(TRAINED_ON)
    in_recipe = [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
    return frozenset(in_recipe) | (reference.trained_on if reference is not None else frozenset())


def read_reference(bundle: ModelBundle) -> Reference | None:
    """The reference films of a bundle, None where it carries none. Raises BundleError for arrays that do not fit."""
    card = bundle.card
    spec = card.reference
    if spec is None:
        return None
    arrays = bundle.arrays(REFERENCE)
    if set(arrays) != _NAMES[spec.pictures]:
        raise BundleError("The model's reference films do not fit its card.", detail=f"arrays {sorted(arrays)}")
    for holds, complaint in _claims(spec, arrays, len(card.labels), BACKBONES[card.backbone].channels):
        if not holds:
            raise BundleError("The model's reference films do not fit its card.", detail=complaint)
    embeddings = _directions(arrays["embeddings"])
    labels = arrays["labels"].astype(bool)
    for array in (arrays["centre"], embeddings, labels):
        array.setflags(write=False)
    return Reference(
        spec=spec,
        label_names=card.labels,
        centre=arrays["centre"],
        embeddings=embeddings,
        labels=labels,
        digests=_hex(arrays["digest"]) if "digest" in arrays else (),
        phantoms=tuple(arrays["phantom"].tolist()) if "phantom" in arrays else (),
        trained_on=frozenset(_hex(arrays["trained_on"])) if "trained_on" in arrays else frozenset(),
    )


def _claims(
    spec: ReferenceSpec, arrays: dict[str, npt.NDArray[Any]], labels: int, channels: int
) -> list[tuple[bool, str]]:
    """What each array has to be; the values are looked at once the shapes are right."""
    films = spec.films
    expected = {
        "centre": (np.float32, (channels,)),
        "embeddings": (np.float16, (films, channels)),
        "labels": (np.uint8, (films, labels)),
        "digest": (np.uint8, (films, _DIGEST_BYTES)),
        "phantom": (np.int64, (films,)),
    }
    shapes = [
        (arrays[name].dtype == dtype and arrays[name].shape == shape, f"{name} has another type or shape")
        for name, (dtype, shape) in expected.items()
        if name in arrays
    ]
    listed = arrays.get("trained_on")
    well_listed = listed is None or (listed.dtype == np.uint8 and listed.shape[1:] == (_DIGEST_BYTES,))
    return [
        (1 <= films <= MOST_FILMS, "too few or too many films"),
        *shapes,
        (well_listed, "trained_on has another type or shape"),
        (bool(np.isfinite(arrays["centre"]).all()), "the centre is no point"),
        (bool((arrays["labels"] <= 1).all()), "a label is neither 0 nor 1"),
        (bool((arrays["phantom"] >= 0).all()) if "phantom" in arrays else True, "a seed is negative"),
    ]


def _directions(stored: npt.NDArray[np.float16]) -> Floats:
    """The stored embeddings at length 1 to float32's precision, [M, D]. Raises BundleError where they are not."""
    embeddings: Floats = stored.astype(np.float32)
    lengths = np.linalg.norm(embeddings, axis=1)
    if not (np.isfinite(embeddings).all() and (np.abs(lengths - 1) <= _NORM_SLACK).all()):
        raise BundleError("The model's reference films do not fit its card.", detail="an embedding has another length")
    embeddings /= lengths[:, np.newaxis]
    return embeddings


def _hex(digests: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(row.tobytes().hex() for row in digests)
