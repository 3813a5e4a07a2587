"""The report for support holds what helps, and nothing of a patient."""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from pathlib import Path

import pytest

from imaging.site import VARIABLE
from inference import doctor
from inference.support_bundle import write_support_bundle
from tests.bundles import card_of, write_trial_bundle

NAME, NUMBER, UID = "Gumbrecht", "MRN0045117", "1.2.840.113619.2.55.3.604688119"
FOLDER = f"/srv/films of {NAME}/{NUMBER}"
# All that a careless line might hold, in the shapes in which libraries and systems write it.
LINES = f"""2026-11-21 14:00:00,000 INFO imaging.read.decode: a film of {FOLDER}/film 1.dcm was refused
2026-11-21 14:00:01,000 WARNING gui.films.opening: C:\\Users\\{NAME}\\film.dcm could not be opened
2026-11-21 14:00:02,000 INFO imaging.read.dicom: PatientName '{NAME}^Ada' in {UID}
2026-11-21 14:00:03,000 INFO inference.scoring.pipeline: scored {NUMBER} in 12 ms
2026-11-21 14:00:04,000 INFO training.sealing.seal: calibrated on 12 films
  File "{FOLDER}/imaging/read/decode.py", line 31, in decode
    raise ValueError("{NAME}")
ValueError: {NAME} is no film
{NAME} stood on a line of no known shape
"""


@pytest.fixture
def planted(user_data: Path) -> Path:
    """A data folder in which a patient is named wherever one might be."""
    (user_data / "logs").mkdir()
    for name in ("negatoscope.log", "negatoscope.log.1", "crash.log"):
        (user_data / "logs" / name).write_text(LINES, encoding="utf-8")
    settings: dict[str, object] = {
        "wheel": "zoom",
        "drag_speed": 2.0,
        NAME: True,
        "recent": FOLDER,
        "note": f"{NAME} {UID}",
    }
    settings |= {"folders": [FOLDER], "last": {"film": NAME}}  # as another version may have kept
    (user_data / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (user_data / "session.sqlite3").write_bytes(FOLDER.encode())
    (user_data / "runs" / NAME).mkdir(parents=True)
    (user_data / "runs" / NAME / "events.jsonl").write_text(FOLDER, encoding="utf-8")
    write_trial_bundle(user_data / "models" / f"{NAME}@1", card_of(name="gumbrecht", title=f"{NAME}, {NUMBER}"))
    (user_data / "models" / NUMBER).mkdir()  # no bundle: its folder's name is all there is
    return user_data


def test_nothing_that_was_planted_is_found_in_it(planted: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.zip"
    names = write_support_bundle(target)
    with zipfile.ZipFile(target) as packed:
        content = "\n".join([*packed.namelist(), *(packed.read(name).decode() for name in packed.namelist())])
    for secret in (NAME, NAME.lower(), NUMBER, UID, "45117", "/srv", "C:", str(planted), str(tmp_path)):
        assert secret not in content, secret
    assert set(names) >= {"README.txt", "report.json", "settings.json", "data.json", "logs/negatoscope.log"}
    assert "calibrated on 12 films" in content
    assert "decode.py:31 in decode" in content


def test_what_support_needs_is_there(planted: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    target = tmp_path / "report.zip"
    status = doctor.run(argparse.Namespace(bundle=target, json=False), out, io.StringIO())
    assert (status, "Read it before you send it" in out.getvalue()) == (0, True)
    with zipfile.ZipFile(target) as packed:
        report = json.loads(packed.read("report.json"))
        settings = json.loads(packed.read("settings.json"))
        data = json.loads(packed.read("data.json"))
    origins = [model["origin"] for model in report["models"]]
    assert origins.count("bundled") == 2
    assert origins.count("own") == 2
    assert settings == {"wheel": "zoom", "drag_speed": 2.0}
    assert data["runs"]["files"] == 1
    assert report["engine"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    err = io.StringIO()
    options = argparse.Namespace(bundle=tmp_path / "missing" / "report.zip", json=False)
    assert doctor.run(options, io.StringIO(), err) == 2
    assert "can't be written there" in err.getvalue()


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="takes a file that nobody can read from its start")
def test_a_log_that_cannot_be_read_is_said_in_its_place(planted: Path, tmp_path: Path) -> None:
    log = planted / "logs" / "negatoscope.log"
    log.unlink()
    log.symlink_to("/proc/self/mem")
    write_support_bundle(tmp_path / "report.zip")
    with zipfile.ZipFile(tmp_path / "report.zip") as packed:
        assert packed.read("logs/negatoscope.log").decode() == "This could not be read (OSError).\n"
        assert "calibrated on 12 films" in packed.read("logs/negatoscope.log.1").decode()


@pytest.mark.usefixtures("planted")
def test_logs_on_a_share_that_is_away_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / ("x" * 300)  # no system takes the name: asking for a file in it fails
    (tmp_path / "site.json").write_text(json.dumps({"schema": 1, "log_folder": str(share)}), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "site.json"))
    names = write_support_bundle(tmp_path / "report.zip")
    assert "data.json" in names
    assert not [name for name in names if name.startswith("logs/")]
