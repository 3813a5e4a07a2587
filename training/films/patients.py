"""Whose film it is: by the list, the file's own words, its name, its study, or the folder that it lies in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from training.films.data_error import DataError

# Of a file's name: `person1000_bacteria_2931` holds a patient number, `IM-0115-0001` and `NORMAL2-IM-0383-0001` a
# series number, `00000013_005` (ChestX-ray14) a patient number and a follow-up, `sub-07_ses-1` (BIDS) a subject. Those
# with a stroke go by the path below the source: `patient00012/study1/` (CheXpert), `p10/p10000032/` (MIMIC).
PATIENT_PATTERNS = (
    r"^(person\d+)_",
    r"^((?:NORMAL2-)?IM-\d+)-",
    r"^(\d{8})_\d{3}\.",
    r"^(sub-[A-Za-z0-9]+)_",
    r"^([Pp]atient[ _-]?\d+)[ _.-]\D*\d",
    r"(?:^|/)([Pp]atient[ _-]?\d+)/",
    r"(?:^|/)(p\d{8})/",
)
MANY_FOLDERS = 8  # so many folders below a class, or in a list, hold a patient each rather than a kind of film
_ALL_ALIKE = 10  # films that all have one ID: whoever made them anonymous gave it to them
_NOBODY = frozenset(
    ("nan", "na", "n/a", "none", "null", "unknown", "-", "?", "anon", "anonym", "anonymous", "anonymised", "anonymized")
)
# Names that are counted up in every folder anew.
_COUNTED = re.compile(r"(img|image|im|film|scan|x-?ray|cxr|view|frame|slice|picture|pic|file)?[ _-]*\(?\d{1,5}\)?")


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is to tell a film's patient by. `said` is the list's word, `header_id` and `study_uid` are a DICOM
    file's; `place` is the path below the source, with '/', `inside` that below its class folder, or of a list all of
    it.
    """

    said: str
    header_id: str
    study_uid: str
    place: str
    inside: str
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Whose:
    """The patient of each film in order; `unknown` films have nothing but a name of their own to go by. `remarks` say
    what was taken for a patient where that is a guess.
    """

    patients: tuple[str, ...]
    unknown: int
    remarks: tuple[str, ...]


def patient_of(name: str, patterns: Sequence[str] = PATIENT_PATTERNS) -> str:
    """The patient that a file's name, or its path with '/', speaks of; the whole stem where no pattern fits, a patient
    of its own.
    """
    return _by_pattern(name, patterns) or PurePosixPath(name).stem


def checked_pattern(text: str) -> str:
    """A pattern that the user wrote. Raises DataError where it is none, or marks no patient."""
    try:
        if re.compile(text).groups < 1:
            raise DataError("The pattern for patients needs a pair of brackets round the patient's part of the name.")
    except re.error as error:
        raise DataError("The pattern for patients is no regular expression.", detail=str(error)) from error
    return text


def known_id(text: str) -> str:
    """An ID as it is compared: '' for words that mean nobody; 007, 7 and 7.0 are one, as spreadsheets make of it."""
    bare = text.strip()
    if bare.casefold() in _NOBODY:
        return ""
    number = re.fullmatch(r"0*(\d+?)(\.0+)?", bare)
    return number.group(1) if number else bare


def joined_patients(films: Iterable[tuple[str, str]]) -> list[str]:
    """The patient of each (patient, digest), in their order: films with equal digests get the patient of the first of
    them, and so on along every chain of twins.
    """
    parent: dict[str, str] = {}

    def root_of(patient: str) -> str:
        while parent.setdefault(patient, patient) != patient:
            patient = parent[patient]
        return patient

    pairs = list(films)
    first_patient: dict[str, str] = {}
    for patient, digest in pairs:
        twin = first_patient.setdefault(digest, patient)
        parent[root_of(patient)] = root_of(twin)
    return [root_of(patient) for patient, _ in pairs]


def whose(films: Sequence[Traces], pattern: str = "") -> Whose:
    """The patients of a source's files, by what is surest of each. Over-careful where it has to guess: two patients
    taken for one cost a little, one taken for two judges what it taught.
    """
    patterns = (checked_pattern(pattern),) if pattern else PATIENT_PATTERNS
    remarks: list[str] = []
    ids = [known_id(film.header_id) for film in films]
    if len(films) >= _ALL_ALIKE and len({known for known in ids if known}) == 1 and all(ids):
        remarks.append(
            f"All {len(films):,} files bear one patient ID, as anonymous films do: each study, or file, counts as a "
            "patient of its own."
        )
        ids = [""] * len(films)
    studies = [film.study_uid for film in films]
    tells_study = len({study for study in studies if study}) > 1
    found = [
        known_id(film.said) or known or _by_pattern(film.place, patterns) or (film.study_uid if tells_study else "")
        for film, known in zip(films, ids, strict=True)
    ]
    rest = [at for at, patient in enumerate(found) if not patient]
    unnamed = [films[at] for at in rest]
    folders = _folders_of(unnamed)
    if folders:
        remarks.append(
            f"{len(unnamed):,} files name no patient; each of the {len(set(folders)):,} folders that they lie in "
            "counts as one patient."
        )
    for at, patient in zip(rest, folders or _names_of(unnamed, remarks), strict=True):
        found[at] = patient
    return Whose(tuple(found), 0 if folders else len(rest), tuple(remarks))


def _by_pattern(path: str, patterns: Sequence[str]) -> str:
    name = path.rpartition("/")[2]
    for pattern in patterns:
        fits = re.search(pattern, path) if "/" in pattern else re.match(pattern, name)
        if fits and fits.group(1):
            return fits.group(1)
    return ""


def _folders_of(films: Sequence[Traces]) -> list[str]:
    """The folder of each file below what all of them share; none where these folders are few, or do not hold all.

    A list may spread its files over folders for other reasons: there they count where names come again in each.
    """
    inner = [PurePosixPath(film.inside).parts[:-1] for film in films]
    if not inner or not all(inner):
        return []
    first, last = min(inner), max(inner)  # in between all others begin alike
    shared = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    if any(len(parts) <= shared for parts in inner):
        return []
    found = [parts[shared] for parts in inner]
    names = Counter(film.inside.rpartition("/")[2] for film in films)
    comes_again = len(names) < len(films)
    is_told = comes_again or not any(film.is_listed for film in films)
    return found if is_told and len(set(found)) >= MANY_FOLDERS else []


def _names_of(films: Sequence[Traces], remarks: list[str]) -> list[str]:
    """The stem of each file, a patient of its own. What is merely counted up in each folder is told apart by it."""
    stems = [PurePosixPath(film.place).stem for film in films]
    folders: dict[str, set[str]] = defaultdict(set)
    for film, stem in zip(films, stems, strict=True):
        folders[stem].add(film.place.rpartition("/")[0])
    again = {stem for stem, own in folders.items() if len(own) > 1 and _COUNTED.fullmatch(stem.casefold())}
    if again:
        remarks.append(
            f"{len(again):,} file names such as {min(again)} stand in several folders; each file counts as a patient "
            "of its own. If they are numbers of patients, a pattern can say so."
        )
    places = [film.place.rpartition("/")[0] + "/" for film in films]
    return [place + stem if stem in again else stem for place, stem in zip(places, stems, strict=True)]
