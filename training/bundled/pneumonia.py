"""The bundled pneumonia model: MobileNetV2 fine-tuned on films of one children's hospital, split by patient."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imaging.progress import CancelToken
from inference.bundles.card import DataSummary, StartRecord
from inference.bundles.models_dir import find
from inference.engines.device import usable_cores
from inference.networks.head_spec import HeadSpec
from inference.scoring.preprocess import Grey, PreprocessSpec
from training.films.dataset import load_films
from training.films.film_set import FilmSet
from training.films.manifest import Manifest, patient_of, read_class_folders
from training.films.prepare import Prepared, prepare
from training.films.reading import MOST_TO_SEAL
from training.films.split import Split, split_by_patient
from training.plan import DataPlan, LearningPlan, StartPlan, TrainingPlan, parse_plan
from training.recipes import plan_of, recipe_of
from training.running.run_dir import PLAN, RunDir
from training.running.worker import train
from training.sealing.seal import Words, seal_again
from training.sealing.words import described

_LOG = logging.getLogger(__name__)
PREPROCESS = PreprocessSpec(size_px=224, fit="squash")
FROM_IMAGENET = LearningPlan(epochs=10, average_over_steps=200, precision="bfloat16")
GOES_ON = LearningPlan(epochs=2, rate=2e-4, head_rate=5e-4)
LIST = "films.csv"  # in the run's folder
SPLIT_SEED, VALIDATION_SHARE = 7, 0.15
WORDS = Words(
    name="pneumonia",
    version=1,  # what is made has the next number
    title="Pneumonia on children's chest films",
    labels=("NORMAL", "PNEUMONIA"),
    normal_label="NORMAL",
    activation="sigmoid_one",
    backbone="mobilenet_v2",
    head=HeadSpec(),
    start=StartRecord(
        "imported",
        "ImageNet weights converted from google-coral/test_data (mobilenet_v2_1.0_224_quant), Apache-2.0",
        "9023247bb368834a5d5f0051fea9d7cfdb7dccd2d794f28bdbcb8efef0a1c179",
    ),
    data=DataSummary(
        summary="Frontal chest films of children aged one to five from one hospital, squashed to squares of 224 px",
        films=0,
        patients=0,
        source="Kermany, Zhang, Goldbaum: Labeled OCT and Chest X-Ray Images, doi 10.17632/rscbjbr9sj.2",
        licence="CC BY 4.0",
    ),
    intended_use="Research and teaching: a second reader for signs of pneumonia on frontal chest films of children.",
    limits=(
        "It knows the children of one hospital; on adults and on films from elsewhere it was not tested.",
        "Published results on the official test films of the same source show a specificity of 0.5 to 0.7 at "
        "thresholds with a sensitivity near 1: expect more false flags on other films than on the validation films.",
        "It knows two classes and calls any other finding one or the other.",
        "Its probabilities hold where as many films are ill as in the validation part, about three in four.",
    ),
    licence="CC BY 4.0 for what was learnt from the films of Kermany, Zhang and Goldbaum; "
    "Apache-2.0 for the starting weights; otherwise the licence of the program.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All films as network input, uint8 [N, S, S], with truth [N], patients [N], the sha256 of each file, the split."""

    films: Grey
    ill: npt.NDArray[np.bool_]
    patients: npt.NDArray[np.str_]
    digests: tuple[str, ...]
    split: Split

    def training(self) -> FilmSet:
        """The films that the network learns from."""
        return self._part(self.split.train, "training films")

    def validation(self) -> FilmSet:
        """The films that no training step sees."""
        return self._part(self.split.validation, "validation films of the same hospital")

    def _part(self, chosen: npt.NDArray[np.int64], described: str) -> FilmSet:
        truth = {WORDS.labels[1]: self.ill[chosen]}
        digests = tuple(self.digests[number] for number in chosen)
        return FilmSet(self.films[chosen], truth, self.patients[chosen], described, digests)


def read_list(data: Path, keep_out: Path) -> tuple[Manifest, Split]:
    """The class folders under `data/train` and `data/val`, less the patients found in `keep_out`, and their parts."""
    kept_out = {patient_of(path.name) for path in keep_out.glob("*/*")}
    manifest = read_class_folders([data / "train", data / "val"], WORDS.labels).without_patients(kept_out)
    return manifest, split_by_patient(manifest, VALIDATION_SHARE, SPLIT_SEED)


def read_material(data: Path, keep_out: Path) -> Material:
    """The same films, decoded."""
    manifest, split = read_list(data, keep_out)
    return Material(
        films=load_films([film.path for film in manifest.films], PREPROCESS),
        ill=np.array([film.labels[0] == WORDS.labels[1] for film in manifest.films]),
        patients=np.array([film.patient for film in manifest.films]),
        digests=tuple(film.digest for film in manifest.films),
        split=split,
    )


def make_pneumonia(data: Path, weights: Path | None, keep_out: Path, models_dir: Path, folder: Path) -> None:
    """Train as a run in `folder`, which goes on where it was broken off, and seal the result: from ImageNet weights, or
    from the present model, which is then held against the new one. Raises NegatoscopeError, OSError.
    """
    run = RunDir(folder)
    if not (folder / PLAN).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_list(folder / LIST, *read_list(data.resolve(), keep_out))
        run.create(plan_for((folder / LIST).resolve(), weights.resolve() if weights else None))
    train(run, models_dir, words_for=words_of)


def plan_for(listed: Path, weights: Path | None) -> TrainingPlan:
    """The shift-aware recipe; what goes on from the present model goes on gently."""
    if weights is None:
        start, learning = StartPlan("bundle", WORDS.name, with_head=True), GOES_ON
    else:
        start, learning = StartPlan("imported", files=(str(weights),)), FROM_IMAGENET
    data = DataPlan(str(listed), normal_label=WORDS.labels[0], hold_out="both")
    plan = plan_of(recipe_of("shift-aware"), WORDS.name, data, start)
    return dataclasses.replace(
        plan, title=WORDS.title, learning=learning, preprocess=PREPROCESS, threads=usable_cores()
    )


def write_list(path: Path, manifest: Manifest, split: Split) -> None:
    """The films and their parts as a CSV that a plan can name. Raises OSError."""
    parts = dict.fromkeys(split.train.tolist(), "train") | dict.fromkeys(split.validation.tolist(), "validation")
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("path", "label", "patient", "split"))
        for at, film in enumerate(manifest.films):
            rows.writerow((film.path, film.labels[0], film.patient, parts[at]))


def words_of(prepared: Prepared, start: StartRecord, models_dir: Path) -> Words:
    """What is said of the model, with its films in numbers."""
    train_part = prepared.split.train
    counted = dataclasses.replace(
        WORDS.data, films=len(train_part), patients=len(set(prepared.patients(train_part).tolist()))
    )
    return dataclasses.replace(
        WORDS,
        backbone=prepared.plan.network.backbone,
        data=counted,
        start=start if start.kind == "bundle" else WORDS.start,
    )


def reseal_pneumonia(data: Path, keep_out: Path, models_dir: Path) -> None:
    """Judge the present weights anew by the plan on their card, and write the card again: with the same program and
    films to the same bytes. Raises NegatoscopeError, OSError.
    """
    bundle = find(WORDS.name, [models_dir])
    plan = parse_plan(json.dumps(bundle.card.recipe["plan"]).encode("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / LIST
        write_list(listed, *read_list(data.resolve(), keep_out))
        plan = dataclasses.replace(plan, data=dataclasses.replace(plan.data, source=str(listed)))
        prepared = prepare(plan, CancelToken(), _LOG.info)
    seal_again(
        bundle,
        prepared.film_set(prepared.split.train, "training films", MOST_TO_SEAL),
        prepared.film_set(prepared.split.validation, described(prepared)),
        models_dir,
    )
