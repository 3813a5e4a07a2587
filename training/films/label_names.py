"""The names of classes: which of them is the normal one, which are one in two spellings, which no card takes."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from imaging.study import natural_key
from inference.bundles.card import MOST_LABEL_SIGNS, is_label
from training.films.data_error import DataError, shown

NORMAL_NAMES = frozenset(
    ("normal", "clear", "healthy", "none", "negative", "control", "controls", "no finding", "no_finding", "0")
)
NO_FINDING = "No Finding"  # what a film without any is called where findings have a column each


def is_normal(label: str, normal: str = "") -> bool:
    """Whether a label is that of healthy films: `normal` alone where the user has said which."""
    return label == normal if normal else label.casefold() in NORMAL_NAMES


def in_order(labels: Iterable[str], normal: str = "") -> tuple[str, ...]:
    """Each label once, in natural order, the normal one first."""
    found = sorted(set(labels), key=natural_key)
    return tuple(sorted(found, key=lambda label: not is_normal(label, normal)))


def spelt_alike(labels: Iterable[str], normal: str = "") -> Mapping[str, str]:
    """The spelling in use of each label: that of most films where several differ by capitals or by how accents are
    composed (folders of a Mac). The user's word for the normal class is never changed.
    """
    counts = Counter(labels)
    alike: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counts, key=lambda label: (label != normal, -counts[label], label)):
        alike[unicodedata.normalize("NFC", label).casefold()].append(label)
    return {label: spellings[0] for spellings in alike.values() for label in spellings}


def said_of_spellings(spelling: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each class that stands there in several spellings."""
    for label, used in sorted(spelling.items()):
        if label != used:
            yield f"{shown(label)} and {shown(used)} are taken for one class."


def only_findings(labels: tuple[str, ...], normal: str) -> tuple[str, ...]:
    """The labels less the normal one where there are findings: a film that has one is not healthy."""
    found = tuple(label for label in labels if not is_normal(label, normal))
    return found if found and len(found) < len(labels) else labels


def check_names(labels: Sequence[str]) -> None:
    """Raise DataError for what no model's card takes for a label: the model could not be sealed after its training."""
    wrong = next((label for label in labels if not is_label(label)), None)
    if wrong is not None:
        said = "".join(sign for sign in wrong if sign.isprintable())[:24]
        raise DataError(
            f"The class “{said}…” needs another name: at most {MOST_LABEL_SIGNS} signs, and none that cannot be shown."
        )
