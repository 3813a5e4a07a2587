"""The quantised graph serves when it is asked for, and is read at operating points of its own."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference import models_command
from inference.bundles.bundle import ModelBundle, read_bundle
from inference.bundles.card import QUANTISED, BundleError, QuantisedSpec
from inference.bundles.card_check import check_card
from inference.bundles.models_verify import relative_difference, verify
from inference.engines.device import DeviceName, EngineName, choose_engine
from inference.engines.engine import Floats
from inference.engines.served import is_int8, served_card
from inference.scoring.pipeline import Analyser
from tests.bundles import copy_with, with_quantised
from tests.commands import commanded
from tests.screening import rows_of, screened


@pytest.fixture(scope="module")
def quantised(bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return with_quantised(bundle, tmp_path_factory.mktemp("int8") / "trial@1")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.png"
    Image.fromarray(np.random.default_rng(4).integers(0, 256, (80, 70), np.uint8)).save(path)
    return path


def test_it_runs_when_it_is_asked_for(quantised: ModelBundle, films: Floats) -> None:
    plain, int8 = choose_engine(quantised, "onnx"), choose_engine(quantised, quantised=True)
    assert (plain.name, int8.name) == ("onnx-cpu", "onnx-cpu-int8")
    assert int8.why == "ONNX Runtime on the CPU, quantised to 8 bits (as asked for)"
    outputs = plain.run(films), int8.run(films)
    assert 1e-5 < relative_difference(outputs[1].class_maps, outputs[0].class_maps) < 0.2


@pytest.mark.parametrize(("engine", "device"), [("torch", "auto"), ("torch", "cpu"), ("auto", "cuda")])
def test_it_runs_nowhere_else(quantised: ModelBundle, engine: EngineName, device: DeviceName) -> None:
    with pytest.raises(NegatoscopeError, match="ONNX Runtime on the CPU only"):
        choose_engine(quantised, engine, device, quantised=True)


def test_a_model_without_one_says_so(bundle: ModelBundle, film: Path, tmp_path: Path) -> None:
    with pytest.raises(NegatoscopeError, match="trial@1 has no quantised graph"):
        choose_engine(bundle, quantised=True)
    arguments = [str(film), "--model", str(bundle.location), "--out", str(tmp_path / "r.jsonl"), "--quantised"]
    assert screened(arguments) == (2, "", "The model trial@1 has no quantised graph.\n")


def test_its_scores_are_read_at_its_own_points(quantised: ModelBundle, film: Path) -> None:
    int8 = Analyser(quantised, choose_engine(quantised, quantised=True)).analyse(ImageRef(film), CancelToken())
    plain = Analyser(quantised, choose_engine(quantised, "onnx")).analyse(ImageRef(film), CancelToken())
    assert (int8.findings[0].operating_point, plain.findings[0].operating_point) == (0.5, 0.4)
    assert int8.weights_sha256 == plain.weights_sha256
    assert int8.engine == "onnx-cpu-int8"


def test_the_card_that_is_served_differs_in_nothing_else(quantised: ModelBundle, bundle: ModelBundle) -> None:
    card = quantised.card
    assert card.quantised is not None
    assert served_card(card, "onnx-cpu") is card
    assert served_card(bundle.card, "onnx-cpu-int8") is bundle.card
    assert served_card(card, "onnx-cpu-int8") == dataclasses.replace(card, operating=card.quantised.operating)
    assert is_int8("onnx-cpu-int8")
    assert is_int8("onnx-cpu-int8+5views")
    assert not any(is_int8(name) for name in ("onnx-cpu", "onnx-cpu+5views", "torch-cuda-half", ""))


def test_screen_uses_it_only_when_told(quantised: ModelBundle, film: Path, tmp_path: Path) -> None:
    start = [str(film), "--model", str(quantised.location), "--engine", "onnx", "--out"]
    lines = {}
    for name, extra in {
        "plain": [],
        "int8": ["--quantised"],
        "sensitive": ["--quantised", "--sensitivity", "1"],
        "views": ["--quantised", "--views", "2"],
    }.items():
        assert screened([*start, str(tmp_path / name), *extra])[0] == 0
        (lines[name],) = rows_of(tmp_path / name)
    names = ["onnx-cpu", "onnx-cpu-int8", "onnx-cpu-int8", "onnx-cpu-int8+2views"]
    assert [lines[name]["engine"] for name in lines] == names
    assert [lines[name]["findings"][0]["operating_point"] for name in lines] == [0.4, 0.5, 0.2, 0.5]
    assert len({line["weights_sha256"] for line in lines.values()}) == 1


@pytest.mark.parametrize(("first", "then"), [([], ["--quantised"]), (["--quantised"], [])])
def test_a_run_is_not_gone_on_with_by_the_other_graph(
    quantised: ModelBundle, film: Path, tmp_path: Path, first: list[str], then: list[str]
) -> None:
    """At the same threshold, too, where the operating points do not tell them apart."""
    target = tmp_path / "r.jsonl"
    start = [
        str(film),
        "--model",
        str(quantised.location),
        "--out",
        str(target),
        "--threshold",
        "0.3",
        "--engine",
        "onnx",
    ]
    assert screened([*start, *first])[0] == 0
    whole = target.read_bytes()
    status, _, complaint = screened([*start, *then, "--resume"])
    assert status == 2
    assert "another model or from other options" in complaint
    assert target.read_bytes() == whole
    assert screened([*start, *first, "--resume"])[0] == 0


def test_a_hostile_one_is_refused(quantised: ModelBundle, tmp_path: Path) -> None:
    model = onnx.load_model_from_string(quantised.content(QUANTISED))
    model.opset_import.add(domain="com.example", version=1)
    hostile = copy_with(quantised, tmp_path / "hostile", {QUANTISED: model.SerializeToString()})
    with pytest.raises(BundleError, match="operators of its own"):
        choose_engine(hostile, quantised=True)
    with pytest.raises(BundleError, match="operators of its own"):
        verify(hostile)


def test_a_bundle_that_lost_it_is_refused(quantised: ModelBundle, tmp_path: Path) -> None:
    shutil.copytree(quantised.location, tmp_path / "less")
    (tmp_path / "less" / QUANTISED).unlink()
    with pytest.raises(BundleError, match=r"lacks its file graph\.int8\.onnx"):
        read_bundle(tmp_path / "less")


def test_the_card_in_words_says_what_it_costs(quantised: ModelBundle, bundle: ModelBundle) -> None:
    status, said, _ = commanded(models_command, "show", str(quantised.location))
    assert status == 0
    assert "OPACITY, quantised: AUC +0.0000, maps correlate 1.000\nOPACITY, quantised: operating point 0.5000\n" in said
    assert "quantised" not in commanded(models_command, "show", str(bundle.location))[1]


def test_verification_runs_it(quantised: ModelBundle) -> None:
    assert verify(quantised).probability <= 1e-4


def test_the_spec_names_every_finding(quantised: ModelBundle) -> None:
    assert isinstance(quantised.card.quantised, QuantisedSpec)
    with pytest.raises(BundleError, match="int8 graph lacks operating points"):
        check_card(dataclasses.replace(quantised.card, quantised=QuantisedSpec({}, {}, {})))
