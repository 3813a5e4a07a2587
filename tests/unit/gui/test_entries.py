from __future__ import annotations

from pathlib import Path

import pytest

from gui.entries import Entry, age_words, date_words, details, label_name, person_name, title
from imaging.image import Header
from imaging.study import ImageRef


@pytest.mark.parametrize(
    ("stored", "written"),
    [("Practice^Film 03", "Practice Film 03"), ("Иванов^Пётр=x", "Иванов Пётр"), ("", ""), ("^^^", "")],
)
def test_person_names_are_written_as_people_write_them(stored: str, written: str) -> None:
    assert person_name(stored) == written


def test_dates_and_ages() -> None:
    assert date_words("20261112") == "2026-11-12"
    assert date_words("2026-11-12") == "2026-11-12"
    assert age_words("004Y") == "4 y"
    assert age_words("about four") == "about four"


def test_labels_read_as_words() -> None:
    assert label_name("PNEUMONIA") == "Pneumonia"
    assert label_name("pleural_effusion") == "Pleural effusion"


def test_a_hidden_patient_leaves_no_name_and_no_file_name() -> None:
    path = Path("doe-john.dcm")
    entry = Entry(path, ImageRef(path), Header(patient_name="Doe^John"))
    assert title(entry, 2, hide_patient=True) == "Film 3"
    assert title(entry, 2, hide_patient=False) == "Doe John"


def test_rows_of_pictures_are_named_after_the_file_and_its_kind() -> None:
    path = Path("person1_virus_2.jpeg")
    entry = Entry(path, ImageRef(path))
    assert title(entry, 0, hide_patient=False) == "person1_virus_2"
    assert details(entry) == "JPEG"


def test_frames_are_told_apart() -> None:
    path = Path("loop.dcm")
    entry = Entry(path, ImageRef(path, frame=4), frames=9)
    assert title(entry, 0, hide_patient=False) == "loop · frame 5"
