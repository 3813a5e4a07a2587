"""Use case: choose the model that speaks, and know which ones there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from gui.jobs import JobHandle, Jobs, Lane
from gui.preferences import Preferences
from gui.review import Review
from gui.second_reader.chosen_model import ChosenModel
from gui.settings import VIEWS
from imaging.errors import NegatoscopeError

if TYPE_CHECKING:
    from inference.scoring.pipeline import Analyser
    from inference.scoring.similar import Reference

LIST_PRIORITY = 4  # the list of models: behind the film and its model
DEFAULT_MODEL = "pneumonia"
# The values of the settings, as the engines' own types know them.
ENGINES: dict[str, Literal["auto", "onnx", "torch"]] = {"auto": "auto", "onnx": "onnx", "torch": "torch"}
DEVICES: dict[str, Literal["auto", "cpu", "cuda"]] = {"auto": "auto", "cpu": "cpu", "cuda": "cuda"}


@dataclass(frozen=True, slots=True)
class ModelName:
    """A line of the model chooser."""

    id: str  # name@version
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """What the model lane hands over: the words for the window, and the analyser, which only that lane may call.

    `reference` holds the films that the model carries as examples, None where it carries none.
    """

    chosen: ChosenModel
    analyser: Analyser
    reference: Reference | None = None
    one_view: Analyser | None = None  # the same, where `analyser` averages several views
    place: str = ""  # the bundle's path


class Models(QObject):
    """Reads and verifies bundles on the model lane.

    The films' own model counts while such films were opened last, unless the reader named one on the command line;
    else it is the one that the reader chose, else the default. `with_check`: what a check on the reader's films has
    shown is read from the user's data folder.
    """

    models_found = Signal(object)  # tuple[ModelName, ...]
    model_loaded = Signal(object)  # LoadedModel

    def __init__(
        self,
        review: Review,
        jobs: Jobs,
        preferences: Preferences,
        *,
        asked: str = "",
        with_check: bool = True,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._review = review
        self._jobs = jobs
        self._preferences = preferences
        self._asked = asked
        self._with_check = with_check
        self._own = ""  # the reader's choice
        self._films_own: str | None = None  # None before any films asked for a model
        self._current = ""
        self._read_for: Wanted | None = None  # how the model that was last asked for is run
        self._handle: JobHandle | None = None
        self._installed: set[str] = set()  # ids
        self._places: dict[str, str] = {}  # by id, of the models of this session
        preferences.changed.connect(self._follow_preferences)

    @property
    def current(self) -> str:
        """The name that was last asked for, as it was written."""
        return self._current

    def look_for_models(self) -> None:
        self._jobs.submit(
            Lane.IO,
            lambda token, progress: find_models(),
            done=self._found,
            priority=LIST_PRIORITY,
            words="Looking for models…",
        )

    def _found(self, names: tuple[ModelName, ...]) -> None:
        self._installed = {name.id for name in names}
        self.models_found.emit(names)

    def remember(self, name: str) -> None:
        """The reader chose this model the last time; '' for none. What was chosen meanwhile stays.

        The store may answer after the first films were found.
        """
        self._own = self._own or name
        if self._films_own is not None:
            self._load(self._wanted())

    def use_films_own(self, name: str) -> None:
        """Films were opened that name their model, or ('') that do not."""
        self._films_own = name
        self._load(self._wanted())

    def _wanted(self) -> str:
        return self._asked or self._films_own or self._own or DEFAULT_MODEL

    def choose(self, name: str) -> str:
        """The reader chose a model in the window. Returns the name by which it is found the next time: a model that was
        opened by its path and is not installed has no other.
        """
        self._own = name if name in self._installed else self._places.get(name, name)
        self._asked = self._films_own = ""
        self._load(self._own)
        return self._own

    def _follow_preferences(self) -> None:
        """Another engine, device or graph acts at once, and so does another number of views."""
        if self._current:
            self._load(self._current)

    def wanted(self) -> Wanted:
        """How models are run, by the settings in force."""
        engine, device = (self._preferences.settings.text(key) for key in ("engine", "device"))
        quantised = self._preferences.settings.flag("quantised")
        return Wanted(engine, device, quantised, self._wanted_views, self._with_check)

    @property
    def _wanted_views(self) -> int:
        return VIEWS if self._preferences.settings.flag("views") else 1

    def _load(self, name: str) -> None:
        wanted = self.wanted()
        if (name, wanted) == (self._current, self._read_for):
            return
        self._current, self._read_for = name, wanted
        if self._handle is not None:
            self._handle.cancel()
        self._review.set_model(None, f"Reading the model {Path(name).name}…", reading=True)
        self._handle = self._jobs.submit(
            Lane.MODEL,
            lambda token, progress: load_model(name, wanted),
            done=self._loaded,
            failed=self._failed,
        )

    def _loaded(self, loaded: LoadedModel) -> None:
        self._places[loaded.chosen.id] = loaded.place
        self.model_loaded.emit(loaded)
        self._review.set_model(loaded.chosen)

    def _failed(self, error: NegatoscopeError) -> None:
        self._read_for = None  # choosing it anew, or another engine, tries again
        self._review.set_model(None, error.message)


# On a worker's thread.


def find_models() -> tuple[ModelName, ...]:
    """Every bundle that is installed, newest version first within a name."""
    from inference.bundles.models_dir import installed

    return tuple(ModelName(item.id, item.card.title) for item in installed())


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a model is to be run. `quantised` asks for the int8 graph of models that have one, `views` for the mean over
    so many views of each film, `with_check` for what was counted on the reader's own films.
    """

    engine: str = "auto"
    device: str = "auto"
    quantised: bool = False
    views: int = 1
    with_check: bool = True


def load_model(name: str, wanted: Wanted = Wanted()) -> LoadedModel:
    """Find, verify and load a model: a name, `name@version` or a path. Raises BundleError.

    A check on the reader's own films counts for the graph that scored them, on one view each.
    """
    # What the window's thread asks of a model, so that it does not read that from the disk itself.
    import inference.maps.explain
    import inference.scoring.predictive  # noqa: F401
    from inference.bundles.models_dir import find
    from inference.engines.device import choose_engine
    from inference.engines.served import scores_sha256
    from inference.scoring.local_table import read_local_table
    from inference.scoring.pipeline import Analyser
    from inference.scoring.similar import read_reference
    from inference.scoring.views import with_views

    bundle = find(name)
    if wanted.quantised and bundle.card.quantised is not None:
        engine = choose_engine(bundle, quantised=True)
    else:
        engine = choose_engine(bundle, ENGINES[wanted.engine], DEVICES[wanted.device])
    one_view = Analyser(bundle, engine)
    analyser = one_view if wanted.views == 1 else Analyser(bundle, with_views(engine, wanted.views))
    scored_by = scores_sha256(bundle.card, bundle.weights_sha256, engine.name)
    check = read_local_table(bundle.card, scored_by) if wanted.with_check and wanted.views == 1 else None
    engine = analyser.engine
    chosen = ChosenModel(bundle.id, analyser.card, bundle.weights_sha256, engine.name, engine.why, check)
    return LoadedModel(chosen, analyser, read_reference(bundle), one_view, str(bundle.location.absolute()))
