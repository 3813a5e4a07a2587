"""`screen --insist`: what the lines of films outside the gate say, by the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.bundles.bundle import ModelBundle
from tests.bundles import with_open_gate
from tests.screening import rows_of, same, screened


@pytest.fixture(scope="module")
def gated(bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """A model whose gate keeps colour pictures out."""
    return with_open_gate(bundle, tmp_path_factory.mktemp("gated") / "trial@1")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A grey film, a picture in colours, a file that is none."""
    folder = tmp_path / "films"
    folder.mkdir()
    rng = np.random.default_rng(2)
    Image.fromarray(rng.integers(0, 256, (70, 90), np.uint8)).save(folder / "1 grey.png")
    Image.fromarray(rng.integers(0, 256, (70, 90, 3), np.uint8)).save(folder / "2 colour.png")
    (folder / "3 none.dcm").write_text("no film")
    return folder


def faults(row: dict[str, Any]) -> list[str]:
    """What a line has against the contract: findings where the gate accepts a film and there alone, each reason with
    a refusal of the gate and with nothing else.
    """
    if row["error"] is not None:
        return ["an error and findings"] * bool(row["findings"])
    found = ["reasons"] * (row["gate"]["accepted"] == bool(row["gate"]["reasons"]))
    found += ["findings"] * (row["gate"]["accepted"] != bool(row["findings"]))
    return found + ["maps"] * (row["heatmaps"] is not None and set(row["heatmaps"]) != {"OPACITY"})


def test_a_film_outside_the_gate_is_scored_and_marked(gated: ModelBundle, films: Path, tmp_path: Path) -> None:
    start = [str(films), "--model", str(gated.location), "--engine", "onnx", "--heatmaps", str(tmp_path / "maps")]
    status, said, _ = screened([*start, "--out", str(tmp_path / "a.jsonl")])
    assert (status, "1 kept out by the gate" in said, "+insisted" in said) == (3, True, False)
    status, said, _ = screened([*start, "--out", str(tmp_path / "b.jsonl"), "--insist"])
    assert (status, "0 kept out by the gate" in said) == (3, True)
    assert "Scored all the same, outside what the model knows: 1 film, marked" in said
    plain, insisted = rows_of(tmp_path / "a.jsonl"), rows_of(tmp_path / "b.jsonl")
    assert [faults(row) for row in (*plain, *insisted)] == [[]] * 6
    assert [row["gate"]["accepted"] for row in plain] == [True, False, True]
    assert [row["gate"] for row in insisted] == [{"accepted": True, "reasons": []}] * 3
    assert [row["engine"] for row in insisted] == ["onnx-cpu", "onnx-cpu+insisted", "onnx-cpu"]
    assert same([insisted[0], insisted[2]]) == same([plain[0], plain[2]])
    assert 0 <= insisted[1]["findings"][0]["probability"] <= 1


@pytest.mark.parametrize("options", [[], ["--quantised"], ["--views", "2"]])
def test_a_run_that_insists_goes_on_as_one_alone(
    options: list[str], bundle: ModelBundle, films: Path, tmp_path: Path
) -> None:
    from tests.bundles import with_quantised

    gated = with_open_gate(with_quantised(bundle, tmp_path / "int8"), tmp_path / "trial@1")
    start = [str(films), "--model", str(gated.location), "--engine", "onnx", *options, "--out", str(tmp_path / "r")]
    for first, then in (([], ["--insist"]), (["--insist"], [])):
        assert screened([*start, *first])[0] == 3
        whole = (tmp_path / "r").read_bytes()
        status, _, complaint = screened([*start, *then, "--resume"])
        assert (status, "from other options" in complaint) == (2, True)
        (tmp_path / "r").write_bytes(whole[: whole.index(b"3 none")])  # in the middle of the third line
        assert screened([*start, *first, "--resume"])[0] == 3
        assert (tmp_path / "r").read_bytes() == whole
