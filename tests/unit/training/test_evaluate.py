from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from sklearn import metrics as sk

from imaging.paths import resource_path
from imaging.progress import CancelToken
from inference import screen_command
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import QUANTISED
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, Floats, Output
from inference.scoring.local_table import (
    read_local_table,
)
from inference.scoring.pipeline import Analyser
from inference.scoring.similar import TRAINED_ON
from tests.bundles import card_of, multi_label_card, with_quantised, with_reference, write_trial_bundle
from tests.commands import commanded
from tests.evaluating import evaluated, films_to_judge, kept, path_of
from training import evaluate_command
from training.films.labelled_set import films_of, read_set
from training.judging.evaluate import Judged, judge, report
from training.sealing.reference import reference_of

ROOT = Path(__file__).parents[3]
FILMS = ROOT.parent / "shared" / "data" / "films"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_trial_bundle(tmp_path_factory.mktemp("bundle") / "trial@1")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return films_to_judge(tmp_path / "films")


def screened(bundle: ModelBundle, source: Path, out: Path) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities as `screen` has them."""
    commanded(screen_command, source, "--model", bundle.location, "--out", out)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    ill = np.array([Path(row["path"]).parent.name == bundle.card.findings[0] for row in rows])
    return ill, np.array([row["findings"][0]["probability"] for row in rows])


def assert_as_scikit_learn(found: dict[str, Any], ill: np.ndarray, probabilities: np.ndarray) -> None:
    called = probabilities >= found["operating_point"]
    expected = {
        "auc": sk.roc_auc_score(ill, probabilities),
        "average_precision": sk.average_precision_score(ill, probabilities),
        "accuracy": sk.accuracy_score(ill, called),
        "sensitivity": sk.recall_score(ill, called),
        "specificity": sk.recall_score(~ill, ~called),
        "precision": sk.precision_score(ill, called),
        "f1": sk.f1_score(ill, called),
    }
    assert {name: found[name]["value"] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found["confusion"] == sk.confusion_matrix(ill, called).tolist()
    for name in (*expected, "calibration_error"):
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]


def test_measures_are_those_of_scikit_learn_on_what_screen_says(films: Path, tmp_path: Path) -> None:
    rough = write_trial_bundle(tmp_path / "rough")
    ill, probabilities = screened(rough, films, tmp_path / "r.jsonl")
    points = dataclasses.replace(card_of().operating["OPACITY"], recommended=float(np.median(probabilities)), rows=())
    bundle = write_trial_bundle(tmp_path / "trial@1", card_of(operating={"OPACITY": points}))
    status, found, _ = evaluated(bundle, films, tmp_path / "out.json")
    assert status == 0
    assert (found["model"], found["weights_sha256"]) == ("trial@1", bundle.weights_sha256)
    counted = [found[name] for name in ("schema", "films", "patients", "gated", "refused", "trained_on")]
    assert counted == [1, 24, 6, 0, 0, 0]
    assert_as_scikit_learn(found["labels"]["OPACITY"], ill, probabilities)


def test_equal_runs_write_equal_bytes(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        evaluated(bundle, films, tmp_path / f"{name}.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_batches_run_side_by_side_and_say_the_same(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    """In three lanes, all of them under way at once, as in the caller's thread alone."""
    analyser = Analyser(bundle, MeetingEngine(choose_engine(bundle, "onnx"), 3))
    entries = read_set(films, bundle.card)
    alone, lanes = (
        judge(judging, films_of(entries, None, CancelToken()), 2, CancelToken(), lanes=count)
        for judging, count in ((Analyser(bundle, choose_engine(bundle, "onnx")), 0), (analyser, 3))
    )
    assert alone == lanes


class MeetingEngine:
    """An engine whose first runs wait for each other: they have to be under way at the same time."""

    concurrent = True
    wanted_batch = 4

    def __init__(self, engine: Engine, count: int) -> None:
        self._engine = engine
        self._met = threading.Barrier(count, timeout=60)
        self._waits = itertools.count(count, -1)
        self.name, self.why = engine.name, engine.why

    def run(self, films: Floats) -> Output:
        if next(self._waits) > 0:
            self._met.wait()
        return self._engine.run(films)


def test_the_quantised_graph_is_checked_when_it_is_asked_for(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    """At its own operating points, kept under its own name, and beside no promise that was made for the other graph."""
    int8 = with_quantised(bundle, tmp_path / "trial@1")
    out = tmp_path / "out.json"
    status, said, _ = commanded(evaluate_command, films, "--model", int8.location, "--out", out, "--quantised")
    found = json.loads(out.read_text(encoding="utf-8"))
    schema = json.loads(resource_path("schemas", "evaluation.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    assert (status, "quantised to 8 bits" in said, "the card says" in said) == (0, True, False)
    assert (found["labels"]["OPACITY"]["operating_point"], found["weights_sha256"]) == (0.5, bundle.weights_sha256)
    assert read_local_table(int8.card, int8.card.files[QUANTISED]) is not None
    assert kept(int8) is None
    assert commanded(evaluate_command, films, "--model", bundle.location, "--out", out, "--quantised")[0] == 2


def test_a_csv_says_the_same_as_its_folders(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    rows = [f"{path.relative_to(tmp_path)},{path.parent.name}" for path in sorted(films.glob("*/*"))]
    (tmp_path / "set.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    _, by_folder, _ = evaluated(bundle, films, tmp_path / "a.json")
    _, by_csv, _ = evaluated(bundle, tmp_path / "set.csv", tmp_path / "b.json")
    assert by_csv["labels"]["OPACITY"]["confusion"] == by_folder["labels"]["OPACITY"]["confusion"]
    assert by_csv["labels"]["OPACITY"]["auc"]["value"] == by_folder["labels"]["OPACITY"]["auc"]["value"]


def test_refused_films_are_counted_and_measured_by_nobody(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    whole = (films / "NORMAL" / "person0_0.png").read_bytes()
    (films / "NORMAL" / "torn.png").write_bytes(whole[: len(whole) // 2])
    (films / "OPACITY" / "notes.dcm").write_text("no film")
    status, found, _ = evaluated(bundle, films, tmp_path / "out.json")
    assert status == 3
    assert (found["films"], found["refused"], found["patients"]) == (26, 2, 6)
    assert np.sum(found["labels"]["OPACITY"]["confusion"]) == 24


def test_films_with_equal_bytes_are_one_patients(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    (films / "NORMAL" / "copy.png").write_bytes((films / "NORMAL" / "person0_0.png").read_bytes())
    assert evaluated(bundle, films, tmp_path / "out.json")[1]["patients"] == 6


def test_films_that_the_card_lists_are_known_and_make_no_local_table(films: Path, tmp_path: Path) -> None:
    listed = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(films.glob("OPACITY/*"))]
    bundle = write_trial_bundle(tmp_path / "trial@1", card_of(recipe={TRAINED_ON: listed}))
    _, found, said = evaluated(bundle, films, tmp_path / "out.json")
    assert found["trained_on"] == 12
    assert "trained on 12 of these films" in said
    assert "No operating table was kept" in said
    assert kept(bundle) is None


def test_films_that_the_references_list_are_known_too(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    listed = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(films.glob("OPACITY/*"))]
    embeddings = np.random.default_rng(0).random((12, 96), dtype=np.float32)
    spec, arrays = reference_of(embeddings, np.tile(np.array([0, 1], np.uint8), (12, 1)), listed, most=3)
    carrying = with_reference(bundle, tmp_path / "carrying@1", spec, arrays)
    assert evaluated(carrying, films, tmp_path / "out.json")[1]["trained_on"] == 12


def test_one_class_alone_leaves_measures_undefined(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    for path in films.glob("OPACITY/*"):
        path.unlink()
    status, found, said = evaluated(bundle, films, tmp_path / "out.json")
    label, nothing = found["labels"]["OPACITY"], {"value": None, "low": None, "high": None}
    assert status == 0
    assert label["auc"] == label["average_precision"] == label["sensitivity"] == label["f1"] == nothing
    assert label["specificity"]["value"] is not None
    assert "auc: not defined" in said
    assert not path_of(bundle).exists()


def test_nothing_scored_is_a_report_all_the_same(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "films" / "OPACITY").mkdir(parents=True)
    (tmp_path / "films" / "OPACITY" / "empty.png").touch()
    status, found, _ = evaluated(bundle, tmp_path / "films", tmp_path / "out.json")
    assert (status, found["films"], found["refused"], found["patients"]) == (3, 1, 1, 0)
    assert found["labels"]["OPACITY"]["accuracy"]["value"] is None


def test_gated_films_are_counted_and_not_measured() -> None:
    judged = [Judged("scored", frozenset(), "a", "", {"OPACITY": 0.1}), Judged("gated", frozenset(), "b", "", {})]
    found = report(card_of(), "0" * 64, judged, frozenset())
    assert [found[name] for name in ("films", "patients", "gated", "refused")] == [2, 1, 1, 0]
    assert found["labels"]["OPACITY"]["confusion"] == [[1, 0], [0, 0]]


def test_one_patient_has_no_interval_that_would_have_to_be_drawn() -> None:
    judged = [
        Judged("scored", frozenset({"OPACITY"} if n % 2 else ()), "one", "", {"OPACITY": n / 9}) for n in range(9)
    ]
    found = report(card_of(), "0" * 64, judged, frozenset())["labels"]["OPACITY"]
    assert (found["auc"]["low"], found["auc"]["high"]) == (None, None)
    assert found["auc"]["value"] is not None
    assert found["accuracy"]["high"] - found["accuracy"]["low"] > 0.7


def test_every_finding_of_a_multi_label_model_is_measured(tmp_path: Path, films: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "multi@1", multi_label_card())
    sick = ["MASS|NODULE", "EFFUSION", "", "MASS"]
    paths = sorted(films.glob("*/*"))
    rows = [f"{path.as_posix()},{sick[n % 4]},{n}" for n, path in enumerate(paths)]
    (tmp_path / "set.csv").write_text("\n".join(["path,labels,patient", *rows]), encoding="utf-8")
    _, found, _ = evaluated(bundle, tmp_path / "set.csv", tmp_path / "out.json")
    ill = {label: sum(measures["confusion"][1]) for label, measures in found["labels"].items()}
    assert ill == {"EFFUSION": 6, "MASS": 12, "NODULE": 6}
    assert found["patients"] == 24


def test_a_mistake_is_said_in_one_line(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    out, model, film = tmp_path / "out.json", bundle.location, next(films.glob("*/*"))
    before = film.read_bytes()
    (films / "CAT").mkdir()
    for arguments, said in (
        ([films, "--model", model, "--out", out], "CAT"),
        ([films, "--model", "nothing", "--out", out], "no model"),
        ([tmp_path / "gone", "--model", model, "--out", out], "can't be found"),
        ([film, "--model", model, "--out", out], "not UTF-8"),
    ):
        status, _, complaint = commanded(evaluate_command, *arguments)
        assert (status, complaint.count("\n")) == (2, 1)
        assert said in complaint
    (films / "CAT").rmdir()
    for place in (film, tmp_path, Path(os.devnull), film / "out.json"):
        assert commanded(evaluate_command, films, "--model", model, "--out", place)[0] == 2
    assert film.read_bytes() == before
    assert not out.exists()


@pytest.mark.skipif(not FILMS.is_dir(), reason="the films of ../shared are not here")
def test_the_pneumonia_model_on_real_films(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "main.py"), "evaluate", "--model", "pneumonia", str(FILMS)]
    done = subprocess.run(
        [*program, "--out", str(tmp_path / "out.json")], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (found["films"], found["patients"], list(found["labels"])) == (40, 40, ["PNEUMONIA"])
    label = found["labels"]["PNEUMONIA"]
    assert label["auc"]["value"] > 0.95
    assert np.sum(label["confusion"], axis=1).tolist() == [20, 20]
    assert label["specificity"]["low"] < 0.9  # of 20 films no model is known to spare more
    assert found["trained_on"] == 0  # and the bundle knows: it lists what it was trained on
    assert "its card does not say" not in done.stdout
