"""What the reader decided in the viewer becomes labels; the window's own store writes, training reads."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gui.second_reader.decision import Decision, Verdict
from gui.session import open_store
from inference.scoring.decisions import DecisionsError, called_films, recent_folders
from tests.commands import commanded
from training import train_command
from training.films.data_error import DataError
from training.films.from_decisions import decided_films, decided_sets, new_list, provenance_of, write_decided
from training.films.manifest import read_manifest
from training.running.run_dir import RunDir

FLAGGED = Decision("", 0, "SQUARE", Verdict.AGREE, "", "m@1", "cd" * 32, 0.4, 0.9, "2026-01-02T03:04:05.678+00:00")
SPARED = replace(FLAGGED, probability=0.1)
ILL, HEALTHY = FLAGGED, replace(FLAGGED, verdict=Verdict.DISAGREE)


def film(folder: Path, name: str) -> str:
    """A film whose pixels go by its name; the sha256 of its file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40)).astype(np.uint8)).save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def decide(*decisions: Decision) -> None:
    with closing(open_store().store) as store:
        for decision in decisions:
            store.add_decision(decision)


def test_the_last_verdict_on_each_film_counts() -> None:
    undone, insisted = replace(ILL, verdict=Verdict.NONE), replace(ILL, insisted=True)
    newer = replace(HEALTHY, model="m@2", weights_sha256="ef" * 32)
    decide(
        replace(ILL, film_sha256="a"),
        replace(newer, film_sha256="a"),
        replace(SPARED, film_sha256="b"),
        replace(SPARED, film_sha256="c", verdict=Verdict.DISAGREE),
        replace(undone, film_sha256="d"),
        replace(insisted, film_sha256="e"),
        replace(ILL, film_sha256="b", label="OTHER"),
    )
    found = [(item.film_sha256, item.label, item.is_ill, item.model) for item in called_films()]
    assert found == [
        ("a", "SQUARE", False, "m@2"),
        ("b", "SQUARE", False, "m@1"),
        ("c", "SQUARE", True, "m@1"),
        ("b", "OTHER", True, "m@1"),
    ]
    with closing(open_store().store) as store:
        assert store.decided("SQUARE") == (1, 2), "the window counts the same films"


def test_a_film_is_known_by_its_bytes_and_its_labels_say_whence_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "moved, since"
    digests = [film(folder, f"{where}/person{number}_a.png") for number, where in enumerate("xyxy")]
    film(folder, "undecided.png")
    decide(*(replace(ILL if at % 2 else HEALTHY, film_sha256=digest) for at, digest in enumerate(digests)))
    decide(replace(ILL, film_sha256="0" * 64))
    decided = decided_films(folder)
    assert (len(decided.films), decided.missing, decided.partly) == (4, 1, 0)
    assert "2 NORMAL, 2 SQUARE. 1 decided films do not lie" in decided.sentence
    write_decided(decided, tmp_path / "run" / "decisions.csv")
    manifest = read_manifest(tmp_path / "run" / "decisions.csv")
    assert (manifest.labels, manifest.normal_label) == (("NORMAL", "SQUARE"), "NORMAL")
    assert {one.digest: one.labels for one in manifest.films} == {
        digest: ("SQUARE",) if at % 2 else ("NORMAL",) for at, digest in enumerate(digests)
    }
    assert {one.subject.source for one in manifest.films} == {"decision"}
    assert {one.patient for one in manifest.films} == {"person0", "person1", "person2", "person3"}


def test_a_film_with_several_findings_needs_a_word_on_each(tmp_path: Path) -> None:
    both, one = film(tmp_path, "both.png"), film(tmp_path, "one.png")
    effusion = replace(ILL, label="EFFUSION")
    decide(replace(ILL, film_sha256=both), replace(effusion, film_sha256=both), replace(HEALTHY, film_sha256=one))
    decided = decided_films(tmp_path)
    assert ([item.labels for item in decided.films], decided.partly) == ([("SQUARE", "EFFUSION")], 1)
    assert {item.labels for item in decided_films(tmp_path, findings=["SQUARE"]).films} == {("SQUARE",), ("NORMAL",)}


def test_the_command_lists_the_decided_films_once(tmp_path: Path) -> None:
    films, run = tmp_path / "films", tmp_path / "run"
    decide(*(replace(ILL if at % 2 else HEALTHY, film_sha256=film(films, f"p{at}.png")) for at in range(4)))
    arguments = [
        "--run",
        str(run),
        "--data",
        str(films),
        "--labels-from-decisions",
        "--models",
        str(tmp_path / "models"),
    ]
    status, out, err = commanded(train_command, *arguments)
    assert status == train_command.FAILED
    assert "4 films have their labels from your decisions: 2 NORMAL, 2 SQUARE." in out
    assert "it needs 2 of each at least" in err
    assert RunDir(run).plan().data.source == str(run / "decisions.csv")
    listed = (run / "decisions.csv").read_bytes()
    decide(replace(ILL, film_sha256=film(films, "later.png")))
    assert commanded(train_command, *arguments).status == train_command.FAILED
    assert (run / "decisions.csv").read_bytes() == listed, "a run keeps to its films"


def test_what_can_not_teach_is_one_sentence(tmp_path: Path, user_data: Path) -> None:
    with pytest.raises(DecisionsError, match="There are no decisions yet"):
        decided_films(tmp_path)
    decide(replace(ILL, film_sha256="0" * 64))
    with pytest.raises(DataError, match="No film in this folder"):
        decided_films(tmp_path)
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"no database at all" * 100)
    with pytest.raises(DecisionsError, match="can't be read"):
        called_films(damaged)
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as old:
        old.execute("CREATE TABLE decisions (id INTEGER)")
    with pytest.raises(DecisionsError, match="open the viewer once"):
        called_films(tmp_path / "old.sqlite3")


def test_without_a_data_folder_there_are_no_decisions(user_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (user_data / "stands in the way").write_text("a file")
    monkeypatch.setenv("NEGATOSCOPE_DATA", str(user_data / "stands in the way"))
    with pytest.raises(DecisionsError, match="can't be read"):
        called_films()


def test_decisions_of_models_with_other_findings_are_learnt_from_apart(tmp_path: Path) -> None:
    other = replace(ILL, label="MASS", model="n@1")
    decide(
        *(replace(one, film_sha256=digest) for one, digest in ((ILL, "a"), (HEALTHY, "b"), (ILL, "c"), (other, "d")))
    )
    decide(replace(HEALTHY, film_sha256="e", model="m@2"))
    squares, masses = decided_sets()
    assert (squares.findings, squares.models, squares.ill, squares.healthy) == (("SQUARE",), ("m@1", "m@2"), 2, 2)
    assert (masses.findings, masses.models, masses.films) == (("MASS",), ("n@1",), 1)


def test_a_list_of_decided_films_says_whence_its_labels_are(tmp_path: Path) -> None:
    for number, day in enumerate(("2026-01-02", "2026-03-04")):
        digest = film(tmp_path / "films", f"{number}.png")
        decide(replace(ILL, film_sha256=digest, decided_at=f"{day}T03:04:05+00:00", model=f"m@{number + 1}"))
    first, second = new_list(), new_list()
    assert first == second, "nothing is written yet"
    write_decided(decided_films([tmp_path / "films", tmp_path / "films"]), first)
    assert new_list() != first
    assert "from 2026-01-02 to 2026-03-04, with the scores of m@1 and m@2 in view" in provenance_of(first)
    (tmp_path / "other.csv").write_text("path,label\na.png,ILL\n", encoding="utf-8")
    assert [provenance_of(path) for path in (tmp_path / "other.csv", tmp_path, tmp_path / "gone.csv")] == [""] * 3


def test_the_folders_that_were_opened_last_are_known(tmp_path: Path) -> None:
    with closing(open_store().store) as store:
        store.add_recent(tmp_path / "first")
        store.add_recent(tmp_path / "second")
    assert recent_folders() == (tmp_path / "second", tmp_path / "first")
