"""What is wrong with single films: not readable, cut short, empty, or there more than once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from inference.scoring.preprocess import Grey
from training.checks.inspection import Check, Fix, Inspection, Level
from training.films.data_error import amount
from training.films.left_out import refused_files, unread_films
from training.films.near_twins import near_twins

MASK_BOTH, MASK_WHOLE, DARK = 0.02, 0.9, 12  # shares of black and of white; grey levels that count as either
EMPTY_SPREAD = 2.0  # standard deviation in grey levels of 255


def unreadable(seen: Inspection) -> Iterator[Check]:
    """Files that hold no film, and films that cannot be decoded."""
    unread = {at for at, why in seen.cached.why.items() if not why.is_cut}
    lost = (*refused_files(seen.manifest), *unread_films(seen.manifest, seen.cached, unread))
    if not lost:
        yield Check("Readable", Level.GREEN, f"All {len(seen.films):,} films are files that can be read.")
        return
    what = "a film" if len(lost) == 1 else "films"
    words = f"{amount(len(lost), 'file')} can't be read as {what} and will be left out."
    fix = Fix("Leave them out for good", seen.without(unread)) if unread else None
    yield Check("Readable", Level.AMBER, words, fix=fix, lost=lost)


def cut_short(seen: Inspection) -> Iterator[Check]:
    """Half a film teaches that black is a finding; for a reader it is better than nothing."""
    cut = {at for at, why in seen.cached.why.items() if why.is_cut}
    if cut:
        end, they, them = ("ends", "it", "it") if len(cut) == 1 else ("end", "they", "them")
        words = f"{amount(len(cut), 'file')} {end} early: part of the picture is missing, and nothing is learnt from "
        words += f"{them}. Copy {them} again from where {they} came from, or leave {them} out."
        fix = Fix("Leave the incomplete films out", seen.without(cut))
        lost = tuple(unread_films(seen.manifest, seen.cached, cut))
        yield Check("Incomplete films", Level.AMBER, words, fix=fix, lost=lost)


def empty(seen: Inspection) -> Iterator[Check]:
    """Films of one grey."""
    spread = np.array([film.std() for film in seen.cached.films])
    found = set(np.flatnonzero((spread < EMPTY_SPREAD) & seen.cached.readable).tolist())
    if found:
        fix = Fix("Leave the empty films out", seen.without(found))
        yield Check("Empty films", Level.RED, f"{amount(len(found), 'film')} show nothing.", tuple(sorted(found)), fix)


def masks(seen: Inspection) -> Iterator[Check]:
    """Pictures of black and white alone: what somebody drew over films to mark the lungs, and put beside them."""
    found = {at for at in np.flatnonzero(seen.cached.readable).tolist() if _is_mask(seen.cached.films[at])}
    if found:
        words = f"Black and white without a grey between them: {amount(len(found), 'picture')}. Masks are no films."
        fix = Fix("Leave the masks out", seen.without(found))
        yield Check("Masks", Level.RED, words, tuple(sorted(found)), fix)


def _is_mask(film: Grey) -> bool:
    """Averaging makes some grey at the borders; no film that was exposed is without it elsewhere."""
    shares = np.bincount(film.ravel(), minlength=256) / film.size
    black, white = float(shares[:DARK].sum()), float(shares[-DARK:].sum())
    return min(black, white) > MASK_BOTH and black + white > MASK_WHOLE


def copies(seen: Inspection) -> Iterator[Check]:
    """Byte by byte the same: harmless under one label, poison under two."""
    by_digest: dict[tuple[str, int], list[int]] = defaultdict(list)
    for at, film in enumerate(seen.films):
        by_digest[film.digest, film.frame].append(at)
    groups = [group for group in by_digest.values() if len(group) > 1]
    torn = {at for group in groups if len({seen.films[at].labels for at in group}) > 1 for at in group}
    if torn:
        words = f"{amount(len(torn), 'film')} stand under two labels, byte for byte the same: one of them is wrong."
        fix = Fix("Leave all copies of them out", seen.without(torn))
        yield Check("Labels that disagree", Level.RED, words, tuple(sorted(torn)), fix)
    same = {at for group in groups for at in group} - torn
    if same:
        words = f"{amount(len(same), 'film')} are there more than once. They are kept on one side of every split."
        yield Check("Exact copies", Level.AMBER, words, tuple(sorted(same)))
    if not groups:
        yield Check("Exact copies", Level.GREEN, "No film is there twice.")


def near_copies(seen: Inspection) -> Iterator[Check]:
    """Nearly the same picture, of two patients as it seems."""
    pairs = near_twins(seen.cached.films, seen.cached.readable)
    pairs = [pair for pair in pairs if seen.films[pair[0]].digest != seen.films[pair[1]].digest]
    parted = [pair for pair in pairs if seen.films[pair[0]].patient != seen.films[pair[1]].patient]
    if not parted:
        yield Check("Near copies", Level.GREEN, "No two patients have nearly the same film.")
        return
    films = tuple(sorted({at for pair in parted for at in pair}))
    torn = any(seen.films[first].labels != seen.films[second].labels for first, second in parted)
    words = f"{amount(len(parted), 'pair')} of films are nearly the same picture under two patients"
    words += ", some of them under two labels." if torn else ". They are kept on one side of every split."
    fix = Fix("Keep one of each pair", seen.without({second for _, second in parted}))
    yield Check("Near copies", Level.RED if torn else Level.AMBER, words, films, fix)
