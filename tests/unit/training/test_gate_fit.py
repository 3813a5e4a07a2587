"""A gate fitted on synthetic films: it knows them from everything else, says why, and travels in a bundle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from imaging.cv import cv2
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import GATE, BundleError, GateSpec
from inference.gate.gate import LIMITS, Gate, gate_of, read_gate
from inference.gate.gate_facts import FilmFacts
from inference.scoring.preprocess import Grey
from inference.scoring.results import GateVerdict
from tests.bundles import copy_with, write_trial_bundle
from tests.gate_films import SIDE_PX, embed, phantom_grey, phantom_set
from training.sealing.gate_changes import inverted, jumbled, part, turned_left, turned_right, upside_down, varied
from training.sealing.gate_effort import Effort
from training.sealing.gate_fit import Arrays, TooFewFilmsError, fit_gate
from training.sealing.gate_pictures import drawn

Fitted = tuple[GateSpec, Arrays]
EFFORT = Effort(taught=600, embedded=150, held=40, trials=200)
NEW = range(1000, 1030)
NO_FACTS = FilmFacts()


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit_gate(phantom_set(range(90)), phantom_set(range(500, 530)), embed, effort=EFFORT)


@pytest.fixture(scope="module")
def gate(fitted: Fitted) -> Gate:
    spec, arrays = fitted
    return gate_of(arrays, spec.limits)


def _verdict(gate: Gate, film: Grey, facts: FilmFacts = NO_FACTS) -> GateVerdict:
    return gate.verdicts([film], embed(film[np.newaxis]), [facts])[0]


def _verdicts(gate: Gate, films: list[Grey]) -> list[GateVerdict]:
    return [_verdict(gate, film) for film in films]


def _share(verdicts: list[GateVerdict], word: str) -> float:
    """The share whose words hold one."""
    return float(np.mean([any(word in sentence for sentence in verdict.words) for verdict in verdicts]))


def test_new_films_pass_without_a_word(gate: Gate) -> None:
    verdicts = _verdicts(gate, [phantom_grey(seed) for seed in NEW])
    assert np.mean([verdict.accepted for verdict in verdicts]) > 0.95
    assert GateVerdict() in verdicts


def test_films_of_another_room_pass(gate: Gate) -> None:
    rng = np.random.default_rng(4)
    verdicts = _verdicts(gate, [varied(phantom_grey(seed), rng, 0.5) for seed in NEW])
    assert np.mean([verdict.accepted for verdict in verdicts]) > 0.9


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (turned_left, "on its side"),
        (turned_right, "on its side"),
        (lambda film: upside_down(film, np.random.default_rng(1)), "upside down"),
        (inverted, "inverted"),
        (lambda film: part(film, np.random.default_rng(int(film.sum()))), "a part of"),
    ],
)
def test_a_spoilt_film_is_kept_out_and_it_is_said_how(gate: Gate, change: object, word: str) -> None:
    assert callable(change)
    verdicts = _verdicts(gate, [change(phantom_grey(seed)) for seed in NEW])
    assert np.mean([verdict.accepted for verdict in verdicts]) < 0.1
    assert _share(verdicts, word) > 0.8
    assert all(len(verdict.words) == len(verdict.reasons) for verdict in verdicts)


def test_pictures_that_are_no_films_are_kept_out(gate: Gate) -> None:
    rng = np.random.default_rng(5)
    films = np.stack([phantom_grey(seed) for seed in NEW])
    pictures = [drawn(SIDE_PX, rng) for _ in range(150)] + [jumbled(rng.permutation(films)[:4], rng) for _ in range(50)]
    verdicts = _verdicts(gate, pictures)
    assert np.mean([verdict.accepted for verdict in verdicts]) < 0.05
    assert {reason for verdict in verdicts for reason in verdict.reasons} <= {
        "not_frontal_chest", "exposure", "quality", "unlike_training",
    }  # fmt: skip


def test_one_grey_is_a_matter_of_exposure_alone(gate: Gate) -> None:
    for grey in (0, 90, 255):
        assert _verdict(gate, np.full((SIDE_PX, SIDE_PX), grey, np.uint8)).reasons == ("exposure",)


def test_a_film_under_noise_or_blur_is_kept_out_for_its_quality(gate: Gate) -> None:
    film = phantom_grey(1000)
    noise = np.random.default_rng(6).normal(0, 110, film.shape)
    assert "quality" in _verdict(gate, np.clip(film + noise, 0, 255).astype(np.uint8)).reasons
    assert "quality" in _verdict(gate, np.asarray(cv2.GaussianBlur(film, (0, 0), 9.0))).reasons


def test_what_the_file_says_keeps_a_good_film_out(gate: Gate) -> None:
    film = next(grey for grey in map(phantom_grey, NEW) if _verdict(gate, grey).accepted)
    assert _verdict(gate, film, FilmFacts(modality="CT")).reasons == ("not_frontal_chest",)
    assert _verdict(gate, film, FilmFacts(complete=0.4)).reasons == ("quality",)


def test_an_embedding_from_elsewhere_is_unlike_training(gate: Gate) -> None:
    film = next(grey for grey in map(phantom_grey, NEW) if _verdict(gate, grey).accepted)
    odd = np.random.default_rng(7).gamma(1.0, 1.0, 96).astype(np.float32)
    (verdict,) = gate.verdicts([film], odd[np.newaxis], [FilmFacts()])
    assert verdict.reasons == ("unlike_training",)


def test_the_record_counts_films_that_no_limit_knew(fitted: Fitted) -> None:
    spec, arrays = fitted
    assert spec.films == 30
    assert spec.let_through.low < spec.let_through.value <= spec.let_through.high <= 1.0
    assert spec.let_through.value > 0.85
    assert "synthetic validation films" in spec.described
    assert set(spec.limits) == LIMITS
    assert sum(array.nbytes for array in arrays.values()) < 1_500_000


def test_the_same_films_give_the_same_gate() -> None:
    effort = Effort(taught=60, embedded=40, held=10, trials=30)
    films = phantom_set(range(50)), phantom_set(range(500, 510))
    (one, arrays), (two, again) = (fit_gate(*films, embed, seed=3, effort=effort) for _ in range(2))
    assert one == two
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, again[name])


def test_too_few_films_make_no_gate() -> None:
    with pytest.raises(TooFewFilmsError, match="there are 49, and 20 of 20"):
        fit_gate(phantom_set(range(49)), phantom_set(range(500, 520)), embed)
    with pytest.raises(TooFewFilmsError, match="there are 50, and 9 of 9"):
        fit_gate(phantom_set(range(50)), phantom_set(range(500, 509)), embed)
    # What passes is counted with limits set on other patients.
    validation = phantom_set(range(500, 520))
    alone = dataclasses.replace(validation, patients=np.full(len(validation), "one"))
    with pytest.raises(TooFewFilmsError, match="20 of 1"):
        fit_gate(phantom_set(range(50)), alone, embed)


def _with_gate(folder: Path, spec: GateSpec, arrays: Arrays) -> ModelBundle:
    from safetensors.numpy import save

    bundle = write_trial_bundle(folder / "trial@1")
    return copy_with(bundle, folder / "gated@1", {GATE: save(arrays)}, gate=spec)


def test_a_gate_travels_in_its_bundle(tmp_path: Path, fitted: Fitted, gate: Gate) -> None:
    read = read_gate(_with_gate(tmp_path, *fitted))
    assert read is not None
    for film in (phantom_grey(1000), turned_left(phantom_grey(1000))):
        assert _verdict(read, film) == _verdict(gate, film)


def test_a_bundle_without_a_gate_has_none(tmp_path: Path) -> None:
    assert read_gate(write_trial_bundle(tmp_path / "trial@1")) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda arrays: {name: array for name, array in arrays.items() if name != "output"},
        lambda arrays: arrays | {"more": np.zeros(3, np.float32)},
        lambda arrays: arrays | {"hidden": arrays["hidden"][:, :-1]},
        lambda arrays: arrays | {"layout_mean": np.full_like(arrays["layout_mean"], np.nan)},
        lambda arrays: arrays | {"output": arrays["output"].astype(np.float64)},
        lambda arrays: arrays | {"embedding_axes": arrays["embedding_axes"].ravel()},
    ],
)
def test_a_damaged_gate_is_refused(fitted: Fitted, damage: object) -> None:
    spec, arrays = fitted
    assert callable(damage)
    with pytest.raises(BundleError, match="gate is damaged"):
        gate_of(damage(arrays), spec.limits)


def test_limits_that_lack_one_are_refused(fitted: Fitted) -> None:
    spec, arrays = fitted
    with pytest.raises(BundleError, match="gate is damaged"):
        gate_of(arrays, {name: value for name, value in spec.limits.items() if name != "noise"})
