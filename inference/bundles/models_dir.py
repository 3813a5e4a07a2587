"""Where bundles lie, and which one an ID names: a name (its newest version), `name@version`, or a path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imaging.paths import resource_path, user_data_dir
from imaging.site import read_site
from inference.bundles.bundle import ModelBundle, is_named, read_bundle, read_card
from inference.bundles.card import BundleError, ModelCard


class UnknownModelError(BundleError):
    """No model has this name: a mistake in the command, not in a bundle."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A bundle in a folder of models, by its card; the other files are verified when it is used."""

    card: ModelCard
    location: Path

    @property
    def id(self) -> str:
        """`name@version`."""
        return self.card.id


@dataclass(frozen=True, slots=True)
class Unusable:
    """A folder among the models that can't be used, and why, in one sentence."""

    location: Path
    reason: str


def model_folders() -> tuple[Path, ...]:
    """The bundled models, those that the site shares, then the user's own, where there can be any: without a data
    folder the others work. A bundle can't take the place of one of the same id in a folder before its own.
    """
    shared = read_site().models_folder
    folders = [resource_path("models"), *([shared] if shared else [])]
    with suppress(OSError):
        folders.append(user_models_folder())
    return tuple(folders)


def user_models_folder() -> Path:
    """Where imported and trained bundles go. Raises OSError where the user's data folder can't be made."""
    return user_data_dir() / "models"


def bundled_card(model_id: str) -> ModelCard | None:
    """The card of the model of this id (`name@version`) that comes with the program; None where there is none."""
    return next((item.card for item in installed([resource_path("models")]) if item.id == model_id), None)


def survey(folders: Sequence[Path] | None = None, name: str = "") -> tuple[Installed | Unusable, ...]:
    """All that lies in the folders of models: usable bundles by name, the newest version first, then the others.

    With a name only the bundles that bear it, for whoever wants one of them soon: cards are long.
    """
    found = list(_look(model_folders() if folders is None else folders, name))
    good = {item.id: item for item in reversed(found) if isinstance(item, Installed)}
    ordered = sorted(good.values(), key=lambda item: (item.card.name, -item.card.version))
    return (*ordered, *(item for item in found if isinstance(item, Unusable)))


def installed(folders: Sequence[Path] | None = None) -> tuple[Installed, ...]:
    """The usable bundles by name, the newest version first."""
    return tuple(item for item in survey(folders) if isinstance(item, Installed))


def find(model_id: str, folders: Sequence[Path] | None = None) -> ModelBundle:
    """The verified bundle that an ID names. Raises BundleError; UnknownModelError, with the ids there are, for none."""
    for item in survey(folders, model_id.partition("@")[0]):
        if isinstance(item, Installed) and model_id in (item.id, item.card.name):
            return read_bundle(item.location)
    if os.path.exists(model_id):  # noqa: PTH110 - Path.exists raises for what is no name of a file
        return read_bundle(Path(model_id))
    names = ", ".join(item.id for item in installed(folders)) or "none"
    raise UnknownModelError(f"There is no model “{model_id}”; installed: {names}.")


def _look(folders: Sequence[Path], name: str) -> Iterator[Installed | Unusable]:
    for folder in folders:
        try:
            # A dot begins what is being written or was left half-written by a killed import.
            places = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
        except FileNotFoundError:
            continue
        except OSError:
            yield Unusable(folder, "This folder of models can't be read.")
            continue
        for place in sorted(places):
            try:
                if not name or is_named(place, name):
                    yield Installed(read_card(place), place)
            except BundleError as error:
                yield Unusable(place, error.message)
