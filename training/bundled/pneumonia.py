"""The bundled pneumonia model: MobileNetV2 fine-tuned on films of one children's hospital, split by patient."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from inference.card import DataSummary, StartRecord
from inference.head_spec import HeadSpec
from inference.models_dir import find
from inference.network import build_network, load_start_weights
from inference.preprocess import Grey, PreprocessSpec
from inference.trunk_weights import read_tensors
from training.dataset import load_films
from training.film_set import FilmSet
from training.finetune import FineTuneSpec, fine_tune, log_steps
from training.manifest import patient_of, read_class_folders
from training.seal import Words, seal, seal_again
from training.split import Split, split_by_patient

PREPROCESS = PreprocessSpec(size_px=224, fit="squash")
RECIPE = FineTuneSpec(epochs=5, frozen_stages=7)
SPLIT_SEED, VALIDATION_SHARE = 7, 0.15
WORDS = Words(
    name="pneumonia",
    version=1,
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


def read_material(data: Path, keep_out: Path) -> Material:
    """The class folders under `data/train` and `data/val`, less the patients found in `keep_out`."""
    kept_out = {patient_of(path.name) for path in keep_out.glob("*/*")}
    manifest = read_class_folders([data / "train", data / "val"], WORDS.labels).without_patients(kept_out)
    return Material(
        films=load_films([film.path for film in manifest.films], PREPROCESS),
        ill=np.array([film.labels[0] == WORDS.labels[1] for film in manifest.films]),
        patients=np.array([film.patient for film in manifest.films]),
        digests=tuple(film.digest for film in manifest.films),
        split=split_by_patient(manifest, VALIDATION_SHARE, SPLIT_SEED),
    )


def make_pneumonia(data: Path, weights: Path, keep_out: Path, models_dir: Path) -> None:
    """Fine-tune from ImageNet weights on the training part and seal the result with the validation part."""
    material = read_material(data, keep_out)
    training = material.training()
    torch.manual_seed(RECIPE.seed)  # for the head, which starts at random
    network = build_network(WORDS.backbone, 1, PREPROCESS)
    load_start_weights(network, read_tensors(weights))
    network = fine_tune(network, training.films, training.truth[WORDS.labels[1]], RECIPE, log_steps)

    counted = dataclasses.replace(WORDS.data, films=len(training), patients=training.patient_count)
    words = dataclasses.replace(WORDS, data=counted)
    recipe = dataclasses.asdict(RECIPE) | {"split_seed": SPLIT_SEED, "validation_share": VALIDATION_SHARE}
    seal(
        network,
        training,
        material.validation(),
        words,
        preprocess=PREPROCESS,
        recipe=recipe,
        models_dir=models_dir,
    )


def reseal_pneumonia(data: Path, keep_out: Path, models_dir: Path) -> None:
    """Judge the present weights anew, by the same films as when they were made, and write their card again."""
    material = read_material(data, keep_out)
    seal_again(find(WORDS.name, [models_dir]), material.training(), material.validation(), models_dir)
