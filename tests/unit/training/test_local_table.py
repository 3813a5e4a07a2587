"""What a check on the reader's own films leaves in the user's data folder, and what of it is believed."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from inference.bundles.bundle import ModelBundle
from inference.scoring.local_table import (
    ReliabilityBin,
    write_local_table,
)
from inference.scoring.operating import OperatingTable
from inference.scoring.records import to_json
from tests.bundles import card_of, write_trial_bundle
from tests.commands import commanded
from tests.evaluating import evaluated, films_to_judge, kept, path_of
from training import evaluate_command


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_trial_bundle(tmp_path_factory.mktemp("bundle") / "trial@1")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return films_to_judge(tmp_path / "films")


def test_the_local_table_is_read_back_for_these_weights_only(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    _, _, said = evaluated(bundle, films, tmp_path / "out.json")
    table = kept(bundle)
    assert table is not None
    points = table.operating["OPACITY"]
    path = path_of(bundle)
    assert str(path) in said
    assert path.name == f"trial@1-{bundle.weights_sha256[:16]}.json"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert (points.films, points.ill, points.healthy, points.patients) == (24, 12, 12, 6)
    assert OperatingTable(points).row_at(points.recommended).true_positive == 12  # 0.95 of 12 films
    assert "On 24 films of your own it finds" in OperatingTable(points).sentence(0.95)
    other = write_trial_bundle(tmp_path / "other", seed=2)
    path.rename(path_of(other))
    assert kept(other) is None
    assert kept(bundle) is None


def test_a_check_says_when_on_what_and_how_it_went(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    _, found, _ = evaluated(bundle, films, tmp_path / "out.json")
    table = kept(bundle)
    assert table is not None
    assert (table.films, table.patients, table.is_small, table.in_use) == (24, 6, True, False)
    finding, said = table.findings["OPACITY"], found["labels"]["OPACITY"]
    for name in ("sensitivity", "specificity", "auc", "calibration_error"):
        assert dataclasses.asdict(getattr(finding, name)) == said[name]
    assert finding.operating is not None
    point = OperatingTable(finding.operating).point_at(0.4)
    assert [[point.spared, point.healthy - point.spared], [point.ill - point.found, point.found]] == said["confusion"]
    assert (finding.operating_point, sum(part.films for part in finding.reliability)) == (0.4, 24)
    sentence = table.sentence("OPACITY")
    assert sentence.startswith(f"Checked at your site on 24 films, {datetime.now().astimezone().date()}: sensitivity ")
    assert f"specificity {said['specificity']['value']:.2f}" in sentence


def test_a_table_of_the_first_schema_is_read(bundle: ModelBundle, user_data: Path) -> None:
    points = dataclasses.replace(card_of().operating["OPACITY"], described="films of your own")
    old = {"model": bundle.id, "weights_sha256": bundle.weights_sha256, "operating": {"OPACITY": points}, "schema": 1}
    (user_data / "operating").mkdir()
    path_of(bundle).write_text(json.dumps(old, default=to_json), encoding="utf-8")
    table = kept(bundle)
    assert table is not None
    assert table.operating == {"OPACITY": points}
    assert table.sentence("OPACITY") == "Checked at your site on 50 films."


def test_a_table_that_contradicts_itself_is_none(bundle: ModelBundle, films: Path, tmp_path: Path) -> None:
    evaluated(bundle, films, tmp_path / "out.json")
    table = kept(bundle)
    assert table is not None
    finding = table.findings["OPACITY"]
    wrongs: tuple[dict[str, Any], ...] = ({"ill": 3}, {"reliability": (ReliabilityBin(0.5, 1, 2),)})
    for wrong in wrongs:
        write_local_table(dataclasses.replace(table, findings={"OPACITY": dataclasses.replace(finding, **wrong)}))
        assert kept(bundle) is None
    write_local_table(dataclasses.replace(table, findings={"MASS": finding}))
    assert kept(bundle) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[" * 100_000, b'{"schema": 2}', b'{"schema": 1}', b"\xff"])
def test_a_damaged_local_table_is_none(bundle: ModelBundle, films: Path, tmp_path: Path, damage: bytes) -> None:
    evaluated(bundle, films, tmp_path / "out.json")
    path_of(bundle).write_bytes(damage)
    assert kept(bundle) is None


def test_a_data_folder_that_cannot_be_written_is_said_after_the_report(
    bundle: ModelBundle, films: Path, tmp_path: Path, user_data: Path
) -> None:
    (user_data / "operating").write_text("in the way")
    status, _, complaint = commanded(
        evaluate_command, films, "--model", bundle.location, "--out", tmp_path / "out.json"
    )
    assert status == 2
    assert "operating table" in complaint
    assert (tmp_path / "out.json").is_file()
