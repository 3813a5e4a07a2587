"""What the models have said so far, read at the operating point in force. Free of Qt; computes no score."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gui.films.entries import GATE_WORDS, RowWords, Tone, label_name, score_words
from gui.second_reader.chosen_model import ChosenModel

if TYPE_CHECKING:
    from imaging.heatmap import Heatmap
    from inference.scoring.local_table import LocalTable
    from inference.scoring.results import Finding, ImageResult

INSISTED = "Insisted"
GRAD_CAM = "grad_cam"  # the method whose maps come with the scores
RECOMMENDED_SENSITIVITY = 0.95  # the contract's 'Recommended'


@dataclass(slots=True)
class _Page:
    """What one model has said, by film key, and where its operating point stands."""

    sensitivity: float = RECOMMENDED_SENSITIVITY
    thresholds: dict[str, float] = field(default_factory=dict)
    results: dict[str, ImageResult] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    # By label and film key, of the films that the model has scored: what a moving slider reads.
    probabilities: dict[str, dict[str, float]] = field(default_factory=dict)
    # What the model said of the films that it was made to score, before: nothing, and why.
    withheld: dict[str, ImageResult] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)  # the films that have an answer, and no score
    explained: dict[tuple[str, str, str], Heatmap] = field(default_factory=dict)  # by film, method and label

    def store(self, key: str, result: ImageResult) -> None:
        before = self.results.get(key)
        if result.gate.insisted and before is not None and not before.gate.insisted:
            self.withheld[key] = before
        elif not result.gate.insisted:
            self.withheld.pop(key, None)
        self._put(key, result)

    def take_back(self, key: str) -> bool:
        """Return to what the model said before it was made to score a film. Returns whether it was."""
        before = self.withheld.pop(key, None)
        if before is not None:
            self._put(key, before)
        return before is not None

    def _put(self, key: str, result: ImageResult) -> None:
        for by_film in self.probabilities.values():
            by_film.pop(key, None)
        self.results[key] = result
        (self.silent.discard if result.findings else self.silent.add)(key)
        for item in result.findings:
            self.probabilities.setdefault(item.label, {})[key] = item.probability

    def clear(self) -> None:
        """Forget the films; the operating point stays."""
        for by_film in (self.results, self.failures, self.probabilities, self.withheld, self.explained):
            by_film.clear()
        self.silent.clear()

    def flagged(self) -> frozenset[str]:
        """The keys of all films that reach an operating point: a fraction of a millisecond for thousands."""
        points = {label: self.thresholds.get(label, 1.0) for label in self.probabilities}
        films = self.probabilities.items()
        return frozenset(key for label, by_film in films for key, at in by_film.items() if at >= points[label])


class ScoreBook:
    """One page for each model; the chosen model's page is the open one. Scores of the others are kept."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._open = _Page()
        self._flagged: frozenset[str] | None = None  # of the open page, until something changes
        self.model: ChosenModel | None = None
        self._chosen: dict[str, float] = {}  # sensitivities by `_identity`, where the reader moved them

    def choose(self, model: ChosenModel | None) -> None:
        self.model = model
        self._open = self._page_of(model) if model is not None else _Page()
        if model is not None:
            self._open.sensitivity = self._chosen.get(_identity(model), RECOMMENDED_SENSITIVITY)
        self._read_thresholds()

    def clear(self) -> None:
        """Forget the scores of every film; the operating points stay."""
        for page in self._pages.values():
            page.clear()
        self._flagged = None

    @property
    def sensitivity(self) -> float:
        return self._open.sensitivity

    def set_check(self, check: LocalTable | None) -> None:
        """The chosen model was checked, or the reader took other points."""
        if self.model is not None:
            self.model = replace(self.model, check=check)
            self._read_thresholds()

    def set_sensitivity(self, sensitivity: float) -> bool:
        """Move the chosen model's operating point. Returns whether it moved."""
        if self.model is None or sensitivity == self._open.sensitivity:
            return False
        self._open.sensitivity = sensitivity
        self._chosen[_identity(self.model)] = sensitivity
        self._read_thresholds()
        return True

    @property
    def chosen_sensitivities(self) -> dict[str, float]:
        """By model version and weights; a model that stands at its recommended point is not named."""
        return {name: value for name, value in self._chosen.items() if value != RECOMMENDED_SENSITIVITY}

    def recall_sensitivities(self, stored: object) -> bool:
        """Take what an earlier session kept; what was moved in this one stays. Returns whether the open page moved."""
        if isinstance(stored, dict):
            shares = {name: float(at) for name, at in stored.items() if isinstance(at, int | float) and 0 <= at <= 1}
            self._chosen = {**shares, **self._chosen}
        before = self._open.sensitivity
        self.choose(self.model)
        return self._open.sensitivity != before

    def choose_sensitivities(self, chosen: Mapping[str, float]) -> None:
        """The reader chose points elsewhere than on the slider, by model version and weights."""
        self._chosen |= {name: at for name, at in chosen.items() if 0 <= at <= 1}
        self.choose(self.model)

    def threshold(self, label: str) -> float:
        """The operating point in force for a label, a probability."""
        return self._open.thresholds.get(label, 1.0)

    def store(self, key: str, result: ImageResult) -> None:
        self._page(result.model, result.weights_sha256, result.engine).store(key, result)
        self._flagged = None

    def fail(self, key: str, sentence: str) -> None:
        self._open.failures[key] = sentence

    def result(self, key: str) -> ImageResult | None:
        return self._open.results.get(key)

    def failure(self, key: str) -> str:
        return self._open.failures.get(key, "")

    def findings(self, key: str) -> tuple[Finding, ...]:
        """The stored scores held against the operating point in force."""
        result = self.result(key)
        if result is None:
            return ()
        return tuple(replace(item, operating_point=self.threshold(item.label)) for item in result.findings)

    def shown_label(self, key: str, chosen: str | None) -> str:
        """The finding that is spoken of first: the chosen one where the model has it, else the highest score, flagged
        ones before others. '' where there is no score.
        """
        found = self.findings(key)
        if any(item.label == chosen for item in found):
            return chosen or ""
        return max(found, key=lambda item: (item.flagged, item.probability)).label if found else ""

    def heatmap(self, key: str, chosen: str | None, method: str = GRAD_CAM) -> Heatmap | None:
        """The map of the finding that `shown_label` names; by another method than Grad-CAM once it was worked out."""
        result, label = self.result(key), self.shown_label(key, chosen)
        if result is None or not result.heatmaps:
            return None
        shown = next((item for item in result.heatmaps if item.label == label), result.heatmaps[0])
        return shown if method == GRAD_CAM else self._open.explained.get((key, method, shown.label))

    def explain(self, key: str, method: str, heatmap: Heatmap) -> None:
        """Keep a map of the chosen model by another method than Grad-CAM."""
        self._open.explained[key, method, heatmap.label] = heatmap

    @property
    def flagged(self) -> frozenset[str]:
        """The keys of the films that carry a flag at the operating point in force."""
        if self._flagged is None:
            self._flagged = self._open.flagged()
        return self._flagged

    def words(self, key: str) -> RowWords | None:
        """The flag of a film in words; None where there is no result yet."""
        result = self.result(key)
        if result is None:
            return None
        if not result.findings:
            reasons = self.outside(key)
            return RowWords(f"No score: {reasons}" if reasons else "No score", Tone.OUTSIDE)
        said = _finding_words(self.findings(key))
        return replace(said, text=f"{INSISTED} · {said.text}", mark=INSISTED) if result.gate.insisted else said

    def outside(self, key: str) -> str:
        """Why the model may not speak about a film, in a few words; empty where it may, and where nothing is known."""
        result = self.result(key)
        if result is None or result.gate.accepted:
            return ""
        return ", ".join(GATE_WORDS.get(code, code) for code in result.gate.reasons) or "kept out"

    def is_insisted(self, key: str) -> bool:
        """Whether a film is outside what the model knows, and was scored because the reader insisted."""
        result = self.result(key)
        return result is not None and result.gate.insisted

    def take_back(self, key: str) -> bool:
        """Undo the reader's insisting. Returns whether there was any."""
        self._flagged = None
        return self._open.take_back(key)

    @property
    def silent(self) -> Set[str]:
        """The keys of the films that the model may not speak about, and did not."""
        return self._open.silent

    def result_of(self, model: ChosenModel, key: str) -> ImageResult | None:
        """What a model has said of a film, whether or not it is the chosen one."""
        return self._page_of(model).results.get(key)

    def findings_of(self, model: ChosenModel, key: str) -> tuple[Finding, ...]:
        """Its scores, held against its own operating points: never those of another model."""
        result, points = self.result_of(model, key), self._thresholds(model)
        found = result.findings if result is not None else ()
        return tuple(replace(item, operating_point=points.get(item.label, 1.0)) for item in found)

    def _page_of(self, model: ChosenModel) -> _Page:
        return self._page(model.id, model.weights_sha256, model.engine)

    def _page(self, model_id: str, weights_sha256: str, engine: str) -> _Page:
        """Other weights have a page of their own, whatever their model is called: bundles are opened by path too.
        So has the int8 graph of a model, its thresholds being others, and so have averaged views.
        """
        from inference.engines.served import is_int8
        from inference.scoring.views import views_of

        views = views_of(engine)
        name = (
            f"{model_id} {weights_sha256}"
            + (" int8" if is_int8(engine) else "")
            + (f" {views} views" if views > 1 else "")
        )
        return self._pages.setdefault(name, _Page())

    def _read_thresholds(self) -> None:
        self._flagged = None
        if self.model is not None:
            self._open.thresholds = self._thresholds(self.model)

    def _thresholds(self, model: ChosenModel) -> dict[str, float]:
        """The operating points of a model at the sensitivity that the reader chose for it, by finding."""
        from inference.scoring.operating import thresholds_at

        tables = model.tables
        sensitivity = self._chosen.get(_identity(model), RECOMMENDED_SENSITIVITY)
        usual = {label: points.recommended for label, points in tables.items()}
        return usual if sensitivity == RECOMMENDED_SENSITIVITY else thresholds_at(tables, sensitivity)


def _identity(model: ChosenModel) -> str:
    """Operating points never pass from one version of a model to another, nor to other weights of its name."""
    return f"{model.id} {model.scores_sha256}"


def _finding_words(findings: tuple[Finding, ...]) -> RowWords:
    if not findings:
        return RowWords("No score", Tone.QUIET)
    flagged = [item for item in findings if item.flagged]
    top = max(flagged or findings, key=lambda item: item.probability)
    if flagged:
        return RowWords(f"{label_name(top.label)} {score_words(top.probability)}", Tone.FLAG)
    return RowWords(f"No flag · {score_words(top.probability)}", Tone.QUIET)
