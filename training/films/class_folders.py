"""A folder of class folders: which of them are classes, which are parts, and what is neither.

LABEL/*, PART/LABEL/* and LABEL/PART/* are known, below folders that hold nothing but one other folder too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imaging.study import natural_key
from training.films.data_error import shown

Part = Literal["", "train", "validation", "test"]
_PARTS: Mapping[str, Part] = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "tst": "test",
}
_MASKS = frozenset({"mask", "masks", "lung masks", "lung mask", "infection masks", "segmentation", "segmentations"})
_MOST_WRAPPERS, _MOST_CLASSES = 4, 20


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder with films of one class and, where the folders say so, one part."""

    path: Path
    label: str
    part: Part = ""


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """The class folders of a root in their order; `remarks` say what was understood otherwise than it lies there."""

    folders: tuple[ClassFolder, ...]
    remarks: tuple[str, ...] = ()


def class_folders(root: Path, is_normal: Callable[[str], bool]) -> ClassFolders:
    """The class folders below a root. `is_normal` tells the names of healthy classes. Raises OSError."""
    remarks: list[str] = []
    folders = folders_in(root)
    for _ in range(_MOST_WRAPPERS):
        if len(folders) != 1 or part_named(folders[0].name) or is_normal(folders[0].name):
            break
        inner = folders_in(folders[0])
        if not 1 <= len(inner) <= _MOST_CLASSES or all(is_mask(folder.name) for folder in inner):
            break
        remarks = [f"The classes are those of the folder {shown(folders[0].name)}."]
        folders = inner
    parts = {folder: folders_in(folder) for folder in folders if part_named(folder.name)}
    if any(parts.values()):
        return ClassFolders(*_in_parts(folders, parts, remarks))
    if _all_guessed(folders):
        parts = {folder: folders_in(folder) for folder in folders}
        return ClassFolders(*_in_parts(folders, parts, remarks, guess=True))
    return ClassFolders(tuple(_in_labels(folders)), tuple(remarks))


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, less the hidden ones and those of macOS archives (__MACOSX). Raises OSError."""
    found = (entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__")))
    return sorted(found, key=lambda entry: natural_key(entry.name))


def part_named(name: str) -> Part:
    """The part that a word names, in any spelling; '' for none."""
    return _PARTS.get(name.strip().casefold(), "")


def is_mask(name: str) -> bool:
    """Whether a folder is called after what is drawn over films to mark the lungs, as COVID-QU's are."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip() in _MASKS


def lies_in_masks(path: Path, below: Path) -> bool:
    """Whether a file lies in a folder for masks somewhere below a class folder."""
    return path.is_relative_to(below) and any(is_mask(name) for name in path.relative_to(below).parts[:-1])


def _in_parts(
    folders: Sequence[Path], parts: Mapping[Path, Sequence[Path]], remarks: list[str], *, guess: bool = False
) -> tuple[tuple[ClassFolder, ...], tuple[str, ...]]:
    """PART/LABEL: what stands beside the parts is no class, and films that lie in a part without a class have none."""
    found: list[ClassFolder] = []
    for folder in folders:
        part = _guessed(folder.name) if guess else part_named(folder.name)
        found += [ClassFolder(inner, inner.name, part) for inner in parts.get(folder, ()) if not is_mask(inner.name)]
        if folder not in parts:
            remarks.append(f"The folder {shown(folder.name)} lies beside the parts and is left out.")
        elif not parts[folder]:
            remarks.append(f"The films in {shown(folder.name)} are left out: there are no class folders in it.")
        elif guess:
            remarks.append(f"The folder {shown(folder.name)} is taken for the {part} part.")
    return tuple(found), tuple(remarks)


def _in_labels(folders: Sequence[Path]) -> Iterator[ClassFolder]:
    """LABEL, or LABEL/PART where every folder holds nothing but parts."""
    inside = {folder: folders_in(folder) for folder in folders}
    if len(folders) > 1 and all(own and all(part_named(inner.name) for inner in own) for own in inside.values()):
        entries = (entry for folder in folders for entry in folder.iterdir())
        if all(entry.is_dir() or entry.name.startswith(".") for entry in entries):
            for folder, own in inside.items():
                yield from (ClassFolder(inner, folder.name, part_named(inner.name)) for inner in own)
            return
    yield from (ClassFolder(folder, folder.name) for folder in folders)


def _all_guessed(folders: Sequence[Path]) -> bool:
    """Whether all folders are called after parts, as training_data and testing_data are, and hold the same classes."""
    if len(folders) < 2 or not all(_guessed(folder.name) for folder in folders):
        return False
    names = [{inner.name.casefold() for inner in folders_in(folder)} for folder in folders]
    return len(names[0]) > 1 and all(own == names[0] for own in names)


def _guessed(name: str) -> Part:
    """The part that one of the words of a name is called after."""
    found = {part for word in re.split(r"[\W\d_]+", name.casefold()) if (part := _PARTS.get(word, ""))}
    return found.pop() if len(found) == 1 else ""
