from __future__ import annotations

import hashlib
import multiprocessing
import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from gui.second_reader.decision import Decision, Verdict, utc_now
from gui.session import MIGRATIONS, StoreError, film_digest, open_store
from imaging.study import ImageRef

DECISION = Decision(
    film_sha256="ab" * 32,
    frame=0,
    label="PNEUMONIA",
    verdict=Verdict.AGREE,
    note="",
    model="pneumonia@1",
    weights_sha256="cd" * 32,
    operating_point=0.41,
    probability=0.87,
    decided_at="2026-01-02T03:04:05.678+00:00",
)


def test_a_decision_is_there_after_the_file_was_closed(user_data: Path) -> None:
    first = open_store()
    assert first.message is None
    first.store.add_decision(DECISION)
    first.store.close()
    with closing(open_store().store) as store:
        assert store.latest(DECISION.film_sha256) == (DECISION,)
    assert (user_data / "session.sqlite3").is_file()


def test_the_newest_decision_counts_and_the_history_stays(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "s.sqlite3").store) as store:
        changed = replace(DECISION, verdict=Verdict.DISAGREE, note="an old scar", decided_at=utc_now())
        other = replace(DECISION, label="EFFUSION")
        newer_model = replace(DECISION, weights_sha256="ef" * 32, model="pneumonia@2")
        elsewhere = replace(DECISION, frame=1)
        for decision in (DECISION, changed, other, newer_model, elsewhere):
            store.add_decision(decision)
        assert store.latest(DECISION.film_sha256) == (changed, other, newer_model)
        assert store.latest(DECISION.film_sha256, 1) == (elsewhere,)
        assert store.history(DECISION.film_sha256) == (DECISION, changed, other, newer_model)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_what_has_a_name_that_is_no_utf_8_is_remembered(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(b"/films/\xff of a ward"))
    with closing(open_store(tmp_path / "s.sqlite3").store) as store:
        store.add_recent(folder)
        store.add_recent(tmp_path)
        store.set_state("model", str(folder))
        assert store.recent() == (tmp_path, folder)
        assert store.state("model") == str(folder)


def test_decided_films_are_counted_once_by_their_last_verdict(tmp_path: Path) -> None:
    spared = replace(DECISION, probability=0.2)  # not flagged at 0.41
    films = [
        replace(DECISION, film_sha256="1" * 64),  # flagged, agreed: ill
        replace(DECISION, film_sha256="2" * 64, verdict=Verdict.DISAGREE),  # flagged, disagreed: healthy
        replace(spared, film_sha256="3" * 64),  # not flagged, agreed: healthy
        replace(spared, film_sha256="4" * 64, verdict=Verdict.DISAGREE),  # not flagged, disagreed: ill
        replace(DECISION, film_sha256="4" * 64, frame=1),  # another frame is another film: ill
        replace(DECISION, film_sha256="5" * 64, verdict=Verdict.NONE, note="unclear"),  # says nothing
        replace(DECISION, film_sha256="1" * 64, weights_sha256="ef" * 32),  # the same film under another model: ill
        replace(DECISION, film_sha256="2" * 64, label="EFFUSION"),  # another finding
        replace(DECISION, film_sha256="6" * 64),
        replace(DECISION, film_sha256="6" * 64, verdict=Verdict.NONE),  # taken back
    ]
    with closing(open_store(tmp_path / "s.sqlite3").store) as store:
        assert store.decided("PNEUMONIA") == (0, 0)
        for decision in films:
            store.add_decision(decision)
        assert store.decided("PNEUMONIA") == (3, 2)
        store.add_decision(replace(DECISION, film_sha256="1" * 64, verdict=Verdict.DISAGREE))
        assert store.decided("PNEUMONIA") == (2, 3), "the newest verdict counts, whichever model it was said of"


def test_state_holds_any_json_value(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "s.sqlite3").store) as store:
        assert store.state("overlay", False) is False
        store.set_state("overlay", True)
        store.set_state("splitter", [240, 840, 300])
        store.set_state("splitter", [240, 800, 340])
        assert store.state("overlay") is True
        assert store.state("splitter") == [240, 800, 340]


def test_recent_folders_newest_first_without_doubles(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "s.sqlite3").store) as store:
        for number in range(20):
            store.add_recent(Path(f"/films/{number}"))
        store.add_recent(Path("/films/15"))
        recent = store.recent()
        assert recent[:3] == (Path("/films/15"), Path("/films/19"), Path("/films/18"))
        assert len(recent) == 12


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.sqlite3"
    path.write_bytes(content)
    opened = open_store(path)
    with closing(opened.store):
        opened.store.add_decision(DECISION)
        assert opened.message is not None
        kept = [p for p in tmp_path.iterdir() if ".damaged-" in p.name]
        assert [p.read_bytes() for p in kept] == [content]
        assert kept[0].name in opened.message


def test_a_page_damaged_in_the_middle_is_noticed_on_opening(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with closing(open_store(path).store) as store:
        for number in range(200):
            store.add_decision(replace(DECISION, frame=number))
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xa5" * 4096
    path.write_bytes(bytes(content))
    opened = open_store(path)
    opened.store.close()
    assert opened.message is not None


def test_a_score_that_was_insisted_on_stays_marked(tmp_path: Path) -> None:
    insisted = replace(DECISION, film_sha256="1" * 64, insisted=True)
    with closing(open_store(tmp_path / "s.sqlite3").store) as store:
        store.add_decision(insisted)
        store.add_decision(DECISION)
        assert store.latest("1" * 64) == (insisted,)
        assert store.latest(DECISION.film_sha256) == (DECISION,)
        assert store.decided("PNEUMONIA") == (1, 0), "the model knows no such films"


def test_a_file_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    old = {name: value for name, value in asdict(DECISION).items() if name != "insisted"}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE schema (version INTEGER NOT NULL)")
        connection.execute("INSERT INTO schema VALUES (1)")
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        marks = ", ".join("?" * len(old))
        connection.execute(f"INSERT INTO decisions ({', '.join(old)}) VALUES ({marks})", tuple(old.values()))
    with closing(open_store(path).store) as store:
        assert store.latest(DECISION.film_sha256) == (DECISION,)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    open_store(path).store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema VALUES (99)")
    with pytest.raises(StoreError, match="newer version"):
        open_store(path)
    assert [p.name for p in tmp_path.iterdir() if "damaged" in p.name] == []


def test_two_threads_open_and_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    gate = threading.Barrier(4)
    problems: list[Exception] = []

    def work(number: int) -> None:
        gate.wait()
        try:
            with closing(open_store(path).store) as store:
                for count in range(10):
                    store.add_decision(replace(DECISION, frame=100 * number + count))
        except StoreError as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (40,)
        assert connection.execute("SELECT count(*) FROM schema").fetchone() == (len(MIGRATIONS),)


def _write_elsewhere(path: Path) -> None:
    with closing(open_store(path).store) as store:
        store.set_state("from", "the other one")
        store.add_decision(DECISION)


def test_a_second_instance_and_this_one_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with closing(open_store(path).store) as store:
        other = multiprocessing.get_context("spawn").Process(target=_write_elsewhere, args=(path,))
        other.start()
        for number in range(20):
            store.add_decision(replace(DECISION, frame=number + 1))
        other.join(20)
        assert other.exitcode == 0
        assert store.state("from") == "the other one"
        assert store.latest(DECISION.film_sha256) == (DECISION,)


def test_a_full_disk_is_said_in_words_and_earlier_decisions_stay(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    with closing(open_store(path).store) as store:
        store.add_decision(DECISION)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="The disk is full"):
            store.add_decision(replace(DECISION, note="x" * 100_000))
        assert store.history(DECISION.film_sha256) == (DECISION,)


def test_a_folder_that_is_missing_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path / "missing" / "s.sqlite3")


def test_the_digest_is_that_of_the_bytes_and_read_only_once_known(tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(b"pixels")
    assert film_digest(ImageRef(film)) == hashlib.sha256(b"pixels").hexdigest()
    assert film_digest(ImageRef(tmp_path / "gone", digest="12")) == "12"
    with pytest.raises(StoreError):
        film_digest(ImageRef(tmp_path / "gone"))


def test_of_an_older_versions_file_a_copy_is_kept_before_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path, copy = tmp_path / "s.sqlite3", tmp_path / "s.schema-1.sqlite3"
    older = {key: value for key, value in asdict(DECISION).items() if key != "insisted"}
    with closing(sqlite3.connect(path)) as old, old:
        for statement in MIGRATIONS[0]:
            old.execute(statement)
        old.execute("CREATE TABLE schema (version INTEGER NOT NULL)")
        old.execute("INSERT INTO schema VALUES (1)")
        old.execute(
            f"INSERT INTO decisions ({', '.join(older)}) VALUES ({', '.join('?' * len(older))})", tuple(older.values())
        )
    for _ in range(2):
        with closing(open_store(path).store) as store:
            assert store.latest(DECISION.film_sha256) == (DECISION,)
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT max(version) FROM schema").fetchone() == (1,)
            assert kept.execute("SELECT film_sha256 FROM decisions").fetchone() == (DECISION.film_sha256,)


def test_a_new_file_has_no_copy(tmp_path: Path) -> None:
    open_store(tmp_path / "s.sqlite3").store.close()
    assert not list(tmp_path.glob("*schema*"))
