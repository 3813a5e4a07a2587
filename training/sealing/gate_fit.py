"""The gate of a model, fitted on its training films; its limits are set on validation films under hard changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from imaging.errors import NegatoscopeError
from inference.bundles.card import GateSpec
from inference.engines.engine import Floats
from inference.gate.gate import LIMITS, LOOKS, as_direction, gate_of
from inference.gate.gate_facts import FilmFacts
from inference.scoring.preprocess import Grey
from training.films.film_set import FilmSet
from training.judging.metrics import share_by_patient
from training.sealing.gate_changes import Rng, varied
from training.sealing.gate_effort import FEWEST_FILMS, FEWEST_VALIDATION, Effort
from training.sealing.gate_head import fit_head
from training.sealing.gate_lesson import lesson
from training.sealing.gate_limits import Trials, joined, limits_of, rounds_of, try_films

_LAYOUT_AXES, _EMBEDDING_AXES = 128, 32

Embed = Callable[[Grey], Floats]
Arrays = dict[str, npt.NDArray[np.float32]]


class TooFewFilmsError(NegatoscopeError):
    """There are too few films to say what a film must look like."""


def fit_gate(
    training: FilmSet, validation: FilmSet, embed: Embed, seed: int = 0, effort: Effort | None = None
) -> tuple[GateSpec, Arrays]:
    """The card's record of a gate, and the arrays of `gate.safetensors`, float32.

    `embed` gives the network's embeddings, float32 [N, D], of films, uint8 [N, S, S]; it is asked for some 3,000. The
    same films and seed give the same gate. Raises TooFewFilmsError.
    """
    effort = effort or Effort()
    if len(training) < FEWEST_FILMS or len(validation) < FEWEST_VALIDATION or validation.patient_count < 2:
        raise TooFewFilmsError(
            f"A gate needs {FEWEST_FILMS} training films and {FEWEST_VALIDATION} validation films of two patients; "
            f"there are {len(training)}, and {len(validation)} of {validation.patient_count}."
        )
    arrays = _arrays(training.films, embed, effort, seed)
    rng = np.random.default_rng([seed, 2])
    chosen = np.sort(rng.choice(len(validation), min(effort.held, len(validation)), replace=False))
    films, patients = validation.films[chosen], validation.patients[chosen]
    gate = gate_of(arrays, dict.fromkeys(LIMITS, 0.0))
    rounds = (try_films(gate, seen, embed(seen), rng) for seen in rounds_of(films, effort.trials, rng))
    trials = joined(list(rounds))
    passed = _passed(arrays, trials, films, embed(films), _in_first_half(patients, rng))
    spec = GateSpec(
        version=1,
        described=f"{validation.described}; its limits let about 99.5 of 100 of them through, "
        "also when they are exposed, framed and resampled otherwise",
        films=len(films),
        let_through=share_by_patient(passed, patients),
        limits=limits_of(trials),
    )
    return spec, arrays


def _arrays(films: Grey, embed: Embed, effort: Effort, seed: int) -> Arrays:
    """The layout network and where the training films lie, by layout and by embedding."""
    layouts, looks = lesson(films, effort.taught, np.random.default_rng([seed, 0]))
    head = fit_head(layouts, looks, len(LOOKS), seed)
    layout_mean, layout_axes = _subspace(layouts[looks == 0], _LAYOUT_AXES)
    rng = np.random.default_rng([seed, 1])
    some = films[rng.choice(len(films), min(effort.embedded, len(films)), replace=False)]
    changed = np.stack([varied(some[number % len(some)], rng) for number in range(effort.embedded)])
    directions = as_direction(np.concatenate([embed(some), embed(changed)]))
    embedding_mean, embedding_axes = _subspace(directions, _EMBEDDING_AXES)
    return {
        "hidden": head.hidden,
        "hidden_bias": head.hidden_bias,
        "output": head.output,
        "output_bias": head.output_bias,
        "layout_mean": layout_mean,
        "layout_axes": layout_axes,
        "embedding_mean": embedding_mean,
        "embedding_axes": embedding_axes,
    }


def _subspace(values: Floats, axes: int) -> tuple[Floats, Floats]:
    """The mean of float32 [N, D], and the directions of its largest variance, at most half as many as D."""
    mean = values.mean(axis=0, dtype=np.float64)
    offsets = values - mean
    strengths, directions = np.linalg.eigh(offsets.T @ offsets)
    count = min(axes, values.shape[1] // 2, int((strengths > 1e-9 * strengths[-1]).sum()))
    return mean.astype(np.float32), np.ascontiguousarray(directions[:, ::-1][:, :count].T, np.float32)


def _in_first_half(patients: npt.NDArray[np.str_], rng: Rng) -> npt.NDArray[np.bool_]:
    """Which films, bool [N], are of one half of the patients."""
    people = np.unique(patients)
    return np.isin(patients, rng.permutation(people)[: len(people) // 2])


def _passed(
    arrays: Arrays, trials: Trials, films: Grey, embeddings: Floats, in_first: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Which films pass, bool [N], as they are, by limits set on the patients of the other half."""
    passed = np.zeros(len(films), np.bool_)
    for judged in (in_first, ~in_first):
        others = np.isin(trials.film, np.flatnonzero(~judged))
        if not others.any():
            continue
        gate = gate_of(arrays, limits_of(trials.only(others)))
        verdicts = gate.verdicts(films[judged], embeddings[judged], [FilmFacts()] * int(judged.sum()))
        passed[judged] = [verdict.accepted for verdict in verdicts]
    return passed
