"""What a bundled model's gate keeps out and lets through, kind by kind, with counts and 95 % intervals (Wilson).

usage: python -m tests.benchmarks.bench_gate [--model pneumonia|practice] [--refit] [--data DIR]
           [--photos DIR ...] [--chests DIR ...]                                                (ten minutes)

'by header': what the file says counts too, as in the program; otherwise the picture alone decides, in grey. `--refit`
fits the gate anew with half of the validation patients and judges films of the other half: the gate in the bundle has
had its limits set on all of them. `--photos` and `--chests`: folders of other pictures, and of other chest films.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from imaging.cv import cv2
from imaging.errors import FilmError
from imaging.phantom import make_phantom, to_image
from imaging.progress import CancelToken
from imaging.read.look import Found
from imaging.read.scan import scan
from imaging.show.render import luminance
from inference.bundles.models_dir import find
from inference.engines.device import choose_engine
from inference.engines.engine import Floats
from inference.gate.gate import Gate, gate_of, read_gate
from inference.gate.gate_facts import FilmFacts, against, film_facts
from inference.scoring.operating import wilson
from inference.scoring.preprocess import Grey, PreprocessSpec, fit, load_grey, network_grey
from training.bundled.pneumonia import read_material
from training.films.film_set import FilmSet
from training.sealing.gate_changes import inverted, turned_left, turned_right
from training.sealing.gate_fit import fit_gate
from training.sealing.gate_pictures import drawn
from training.sealing.outputs import run_engine
from training.sealing.shifts import SUITE, shifted

DATA = Path(__file__).parents[3] / "shared" / "data"
SOME, DRAWN = 200, 400  # films changed or spoilt in each way, and pictures drawn
LETTERS = ("It", "was", "the", "best", "of", "times,", "it", "was", "the", "worst")
Embed = Callable[[Grey], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A gate with the network behind it, and how it looks at films."""

    gate: Gate
    embed: Embed
    spec: PreprocessSpec

    def tell(self, kind: str, films: Grey, facts: Sequence[FilmFacts] = ()) -> None:
        """Judge films of one kind, uint8 [N, S, S], and print their line."""
        known = facts or [FilmFacts()] * len(films)
        embeddings = self.embed(films)
        start = time.perf_counter()
        found = self.gate.verdicts(films, embeddings, known)
        taken_ms = (time.perf_counter() - start) * 1000 / len(films)
        share = wilson(sum(verdict.accepted for verdict in found), len(found))
        reasons = Counter(reason for verdict in found for reason in verdict.reasons)
        said = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        interval = f"{100 * share.value:6.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"
        passed = round(share.value * len(found))
        print(f"{kind:40s}{passed:6d} of {len(found):5d} {interval:26s}{taken_ms:6.1f} ms  {said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("pneumonia", "practice"), default="pneumonia")
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--chests", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    bundle = find(options.model)
    engine = choose_engine(bundle, "onnx")
    spec = bundle.card.preprocess

    def embed(films: Grey) -> Floats:
        return run_engine(engine, films).embedding

    training, limiting, judged = film_sets(options.model, options.data, spec)
    gate = read_gate(bundle)
    if options.refit or gate is None:
        record, arrays = fit_gate(training, limiting, embed)
        gate = gate_of(arrays, record.limits)
        print("fitted anew on the training films, with limits of half the validation patients:", record.limits)
    judge = Judge(gate, embed, spec)
    print(f"{'':40s}let through")
    chest_films(judge, judged.films)
    spoilt_films(judge, judged.films[:SOME])
    pictures(judge)
    if options.model == "pneumonia":
        folder(judge, "films/", options.data / "films")
        dicom(judge, options.data / "dicom")
    for path in options.chests:
        folder(judge, f"chest films of {path.name}", path)
    for path in options.photos:
        folder(judge, f"pictures of {path.name}", path)


def film_sets(model: str, data: Path, spec: PreprocessSpec) -> tuple[FilmSet, FilmSet, FilmSet]:
    """Films to fit a gate on, films to set its limits on, and films to judge: no patient in two of them."""
    if model == "practice":
        sets = (range(700_000, 700_400), range(710_000, 710_120), range(720_000, 720_200))
        train, limit, judge = (phantoms(seeds, spec) for seeds in sets)
        return train, limit, judge
    material = read_material(data / "kermany224", data / "films")
    validation = material.validation()
    people = np.random.default_rng(1).permutation(np.unique(validation.patients))
    first = np.isin(validation.patients, people[: len(people) // 2])
    return material.training(), part_of(validation, first), part_of(validation, ~first)


def phantoms(seeds: range, spec: PreprocessSpec) -> FilmSet:
    films = np.stack([network_grey(to_image(make_phantom(seed, (512, 512))), spec) for seed in seeds])
    return FilmSet(films, {}, np.array([str(seed) for seed in seeds]), "synthetic films")


def part_of(films: FilmSet, chosen: np.ndarray) -> FilmSet:
    return FilmSet(films.films[chosen], {}, films.patients[chosen], films.described)


def chest_films(judge: Judge, films: Grey) -> None:
    judge.tell("chest films of new patients", films)
    for change in SUITE:
        judge.tell(f"  {change}", shifted(films[:SOME], change))
    for degrees in (-10, 10):
        judge.tell(f"  turned by {degrees} degrees", np.stack([rotated(film, degrees) for film in films[:SOME]]))


def rotated(film: Grey, degrees: float) -> Grey:
    middle = ((film.shape[1] - 1) / 2, (film.shape[0] - 1) / 2)
    return np.asarray(cv2.warpAffine(film, cv2.getRotationMatrix2D(middle, degrees, 1.0), film.shape[::-1]))


def spoilt_films(judge: Judge, films: Grey) -> None:
    size = films.shape[1]
    half, quarter = size // 2, size // 4
    ways: dict[str, Callable[[Grey], Grey]] = {
        "turned left": turned_left,
        "turned right": turned_right,
        "upside down": lambda film: np.ascontiguousarray(film[::-1, ::-1]),
        "mirrored top to bottom": lambda film: np.ascontiguousarray(film[::-1]),
        "inverted": inverted,
    }
    corners = {"top left": (0, 0), "top right": (0, half), "bottom left": (half, 0), "bottom right": (half, half)}
    for name, (top, left) in (corners | {"middle": (quarter, quarter)}).items():
        ways[f"the {name} quarter"] = partial(cut, top=top, left=left)
    for name, change in ways.items():
        judge.tell(f"chest films, {name}", np.stack([change(film) for film in films]))


def cut(film: Grey, top: int, left: int) -> Grey:
    """A quarter of a film over the whole square."""
    size = film.shape[0]
    return np.asarray(cv2.resize(film[top : top + size // 2, left : left + size // 2], (size, size)))


def pictures(judge: Judge) -> None:
    from sklearn.datasets import load_sample_images

    rng, size = np.random.default_rng(31), judge.spec.size_px
    photographs = [fit(luminance(image), judge.spec) for image in load_sample_images().images]
    judge.tell("scikit-learn's photographs, in grey", np.stack(photographs))
    ramp = np.linspace(0, 255, size)
    slopes = [
        np.rot90(np.broadcast_to(ramp, (size, size)), turn) * gain for turn in range(4) for gain in (0.3, 0.6, 1.0)
    ]
    judge.tell("slopes", np.stack(slopes).astype(np.uint8))
    noise = [rng.normal(128, sigma, (size, size)) for sigma in (5, 20, 40, 80, 160) for _ in range(20)]
    judge.tell("noise", np.clip(np.stack(noise), 0, 255).astype(np.uint8))
    judge.tell("one grey", np.stack([np.full((size, size), grey, np.uint8) for grey in range(0, 256, 15)]))
    judge.tell("text", np.stack([page(size, rng) for _ in range(100)]))
    judge.tell("drawn by the program", np.stack([drawn(size, rng) for _ in range(DRAWN)]))


def page(size: int, rng: np.random.Generator) -> Grey:
    sheet = np.full((size, size), rng.choice([255, 0]), np.uint8)
    ink, step = 255 - int(sheet[0, 0]), int(rng.integers(8, 30))
    for y in range(step, size, step):
        words = " ".join(rng.choice(LETTERS, 12))
        cv2.putText(sheet, words, (5, y), cv2.FONT_HERSHEY_COMPLEX, step / 40, ink, 1, cv2.LINE_AA)
    return sheet


def dicom(judge: Judge, root: Path) -> None:
    """Every DICOM file by what it is, with its header and without."""
    kinds: dict[str, list[tuple[Grey, FilmFacts]]] = defaultdict(list)
    for grey, facts in read(judge, root):
        plain = facts.modality in ("CR", "DX")
        other = "limb" if plain and against(facts) else facts.modality or "no modality"
        kinds["chest film" if plain and not against(facts) else "colour" if facts.is_colour else other].append(
            (grey, facts)
        )
    for kind, found in sorted(kinds.items()):
        films = np.stack([grey for grey, _ in found])
        judge.tell(f"dicom/: {kind}, by header", films, [facts for _, facts in found])
        judge.tell(f"dicom/: {kind}", films)


def folder(judge: Judge, name: str, path: Path) -> None:
    found = read(judge, path)
    if found:
        films = np.stack([grey for grey, _ in found])
        judge.tell(f"{name}, by header", films, [facts for _, facts in found])
        judge.tell(name, films)


def read(judge: Judge, path: Path) -> list[tuple[Grey, FilmFacts]]:
    """The first frame of every film in a folder that can be decoded."""
    found = []
    for item in scan([path], CancelToken()):
        if isinstance(item, Found):
            try:
                grey, image = load_grey(item.ref, judge.spec)
            except FilmError:
                continue
            found.append((grey, film_facts(image)))
    return found


if __name__ == "__main__":
    main()
