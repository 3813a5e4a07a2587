from __future__ import annotations

from pathlib import Path

import pytest

from gui.films.entries import Entry, details, label_name, point_figure, score_words, title
from imaging.image import Header
from imaging.study import ImageRef


@pytest.mark.parametrize(
    ("probability", "written"),
    [(0.874, "0.87"), (0.99499, "0.99"), (0.995, "> 0.99"), (1.0, "> 0.99"), (0.005, "0.01"), (0.0049, "< 0.01")],
)
def test_no_score_is_rounded_to_certainty(probability: float, written: str) -> None:
    assert score_words(probability) == written


@pytest.mark.parametrize(
    ("point", "written"),
    [
        (0.9448, "0.94"),
        (0.995, "0.99"),
        (0.9987, "0.9987"),
        (0.99996, "0.99996"),
        (1 - 1e-9, "0.999999"),
        (1.0, "1.00"),
    ],
)
def test_no_operating_point_reads_as_out_of_reach(point: float, written: str) -> None:
    assert point_figure(point) == written


def test_labels_read_as_words() -> None:
    assert label_name("PNEUMONIA") == "Pneumonia"
    assert label_name("pleural_effusion") == "Pleural effusion"


def test_a_hidden_patient_leaves_no_name_and_no_file_name() -> None:
    path = Path("doe-john.dcm")
    entry = Entry(path, ImageRef(path), Header(patient_name="Doe, John"))
    assert title(entry, 2, hide_patient=True) == "Film 3"
    assert title(entry, 2, hide_patient=False) == "Doe, John"


def test_rows_of_pictures_are_named_after_the_file_and_its_kind() -> None:
    path = Path("person1_virus_2.jpeg")
    entry = Entry(path, ImageRef(path))
    assert title(entry, 0, hide_patient=False) == "person1_virus_2"
    assert details(entry) == "JPEG"


def test_frames_are_told_apart() -> None:
    path = Path("loop.dcm")
    entry = Entry(path, ImageRef(path, frame=4), frames=9)
    assert title(entry, 0, hide_patient=False) == "loop · frame 5"


def test_what_follows_a_dot_in_a_name_is_not_taken_for_its_kind() -> None:
    path = Path("film of j.doe")
    assert details(Entry(path, ImageRef(path))) == "File"
