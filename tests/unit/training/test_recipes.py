"""Every recipe of the table trains, goes on where it was broken off to the same bits, and ends in a bundle that serves
what was trained: each at the smallest input that its backbone takes, for two short epochs.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn.modules.batchnorm import _BatchNorm

from imaging.progress import Cancelled, CancelToken
from imaging.study import ImageRef
from inference.bundles.bundle import ModelBundle
from inference.bundles.models_dir import find
from inference.engines.device import choose_engine
from inference.engines.torch_engine import load_network
from inference.networks.backbones import BACKBONES, BackboneSpec
from inference.networks.network import build_network
from inference.scoring.pipeline import Analyser
from inference.scoring.preprocess import load_grey, to_input
from inference.scoring.scores import probabilities
from tests.runs import BrokenOff, trained
from training.films.prepare import prepare
from training.learn.checkpoint import BEST, load_tensors
from training.learn.judge import logits_of
from training.plan import DataPlan, StartPlan, TrainingPlan
from training.recipes import RECIPES, TWELVE, Recipe, plan_of
from training.running.events import EpochDone, Finished, RunEvent, Saved, Started, Told
from training.running.run_dir import RunDir
from training.running.worker import train
from training.sealing.outputs import run_engine

FILMS = 28  # too few for a gate, which would take longer than the rest
# Of the twelve, one a backbone: augmentation and the measure that is kept do not depend on it, and differ here.
TRIED = [
    *(name for name in RECIPES if not name.startswith("sensitive-")),
    "sensitive-inceptionv3-plain-accuracy",
    "sensitive-resnet50-augmented-accuracy",
    "sensitive-vgg16-augmented-recall",
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise; every second film is coarse, which any network sees: what is tried is the run, not what can be learnt."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(5)
    for number in range(FILMS):
        label = ("NORMAL", "PNEUMONIA")[number % 2]
        coarse = 8 if label == "PNEUMONIA" else 1
        pixels = rng.integers(20, 200, (64 // coarse, 72 // coarse))
        pixels = np.kron(pixels, np.ones((coarse, coarse), np.int64)) + rng.integers(0, 40, (64, 72))
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"film {number}.png")
    return folder


def weights(plan: TrainingPlan, part: BackboneSpec, folder: Path) -> str:
    """A file in the place of the published one: random weights in its layout, or those of the bundled model.

    Their statistics of batch norm belong to the films, as if they were trained: else a hundred layers would magnify
    rounding, or leave nothing of a film.
    """
    path = folder / f"{part.name}.safetensors"
    if part.name == "mobilenet_v2":
        network = load_network(find("pneumonia"))
    else:
        torch.manual_seed(1)
        network = build_network(part.name, 1, plan.preprocess).train()
        for module in network.features.modules():
            if isinstance(module, _BatchNorm):
                module.momentum = 1.0
        shown = sorted(Path(plan.data.source).glob("*/*.png"))[::2]
        grey = np.stack([load_grey(ImageRef(film), plan.preprocess)[0] for film in shown])
        with torch.no_grad():
            network.features(network.normalise(torch.from_numpy(to_input(grey))))
    save_file({f"features.{name}": tensor for name, tensor in network.features.state_dict().items()}, path)
    return str(path)


def small(recipe: Recipe, films: Path, folder: Path) -> TrainingPlan:
    """The recipe's plan, made small; published weights become imported ones, for nothing is fetched here."""
    spec = BACKBONES[recipe.network.backbone]
    plan = plan_of(recipe, "trial", DataPlan(str(films), validation_share=0.3))
    plan = dataclasses.replace(
        plan,
        preprocess=dataclasses.replace(plan.preprocess, size_px=spec.min_size_px),
        learning=dataclasses.replace(plan.learning, epochs=2, batch=10),
    )
    if plan.network.start.kind == "downloaded":
        files = tuple(weights(plan, part, folder) for part in spec.parts)
        return dataclasses.replace(
            plan, network=dataclasses.replace(plan.network, start=StartPlan("imported", files=files))
        )
    return plan


def broken_off(plan: TrainingPlan, folder: Path, at: Callable[[RunEvent], bool]) -> None:
    RunDir(folder).create(plan)
    with pytest.raises(Cancelled):
        train(BrokenOff(folder, at), folder.parent / "models")


def events(folder: Path, kind: type[Any]) -> list[Any]:
    return [event for event in RunDir(folder).events()[0] if isinstance(event, kind)]


@pytest.mark.parametrize("name", TRIED)
def test_a_recipe_goes_on_to_the_same_bits_and_serves_what_it_trained(name: str, films: Path, tmp_path: Path) -> None:
    plan = small(RECIPES[name], films, tmp_path)
    is_quick = plan.network.mode == "quick"
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first = Started if is_quick else Saved
    broken_off(plan, broken, lambda event: isinstance(event, first) and getattr(event, "step", 1) > 0)
    bundle = trained(RunDir(broken), tmp_path / "models")
    assert len(events(broken, Finished)) == 1
    if is_quick:
        RunDir(whole).create(plan)
        assert trained(RunDir(whole), tmp_path / "models").weights_sha256 == bundle.weights_sha256
    else:
        assert [event.epoch for event in events(broken, EpochDone)] == [0, 1]
        # All but the sealing, which the other run has done.
        broken_off(plan, whole, lambda event: isinstance(event, Told) and event.words.startswith("Judging the model"))
        for file in ("state.safetensors", BEST):
            assert (whole / "checkpoint" / file).read_bytes() == (broken / "checkpoint" / file).read_bytes()
        _check_training_scores(plan, bundle, broken)
    _check_served_scores(bundle, broken)


def _check_training_scores(plan: TrainingPlan, bundle: ModelBundle, run: Path) -> None:
    """What the network gives in the process that trained it, calibrated as the card says, is what the result states."""
    prepared = prepare(plan, CancelToken(), lambda words: None)
    network = build_network(plan.network.backbone, prepared.outputs, plan.preprocess, plan.network.head)
    network.load_state_dict(load_tensors(run / "checkpoint" / BEST)[0])
    chosen = prepared.split.validation
    logits = logits_of(network.eval(), prepared.material(chosen))
    served = run_engine(choose_engine(bundle, "onnx", threads=1), np.asarray(prepared.cached.films[chosen])).logits
    assert np.abs(served - logits).max() <= 1e-3 * logits.std(axis=0).min()
    stated = {row["digest"]: row["probabilities"]["PNEUMONIA"] for row in predictions(run)}
    for at, score in zip(chosen.tolist(), probabilities(bundle.card, logits)[:, 0], strict=True):
        assert stated[prepared.manifest.films[at].digest] == pytest.approx(score, abs=1e-4)


def _check_served_scores(bundle: ModelBundle, run: Path) -> None:
    """As the viewer opens the bundle and a film."""
    analyser = Analyser(bundle, choose_engine(bundle, "onnx", threads=1))
    rows = predictions(run)
    assert len(rows) == 8
    for row in rows:
        (finding,) = analyser.analyse(ImageRef(Path(row["path"])), CancelToken()).findings
        assert finding.probability == pytest.approx(row["probabilities"]["PNEUMONIA"], abs=1e-4)


def predictions(run: Path) -> list[Any]:
    return [json.loads(line) for line in (run / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_twelve_differ_as_they_are_described() -> None:
    """Backbone, augmentation and the measure that is kept, each with each; nothing else but the backbone's input."""
    plans = [plan_of(recipe, "trial", DataPlan("films")) for recipe in TWELVE]
    rows = {(plan.network.backbone, plan.augment is not None, plan.choice.pick) for plan in plans}
    names = ("inception_v3", "resnet50", "vgg16")
    assert rows == {
        (name, augmented, pick) for name in names for augmented in (True, False) for pick in ("accuracy", "recall")
    }
    assert {recipe.network.backbone for recipe in TWELVE} == {RECIPES[name].network.backbone for name in TRIED[-3:]}
    for plan in plans:
        spec = BACKBONES[plan.network.backbone]
        assert (plan.learning.optimiser, plan.learning.loss, plan.network.outputs) == ("adamax", "bce", "one_logit")
        assert (plan.choice.call_at, plan.network.frozen_share, plan.preprocess.size_px) == (0.3, 0.0, spec.size_px)
        assert plan.learning == plans[0].learning
