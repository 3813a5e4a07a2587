"""The net under the log: what may name a patient or a place is hidden, and what helps support stays."""

from __future__ import annotations

import pytest

from imaging.scrubbed import HIDDEN, scrubbed, scrubbed_words

NAME = "Gumbrecht"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("2026-11-21 14:00:00,000 INFO gui.jobs: a job failed", "2026-11-21 14:00:00,000 INFO gui.jobs: a job failed"),
        ('  File "/home/someone/gui/jobs.py", line 7 in run', "  jobs.py:7 in run"),
        ("  jobs.py:7 in run", "  jobs.py:7 in run"),
        ("Fatal Python error: Segmentation fault", "Fatal Python error: Segmentation fault"),
        ("a line of a library", ""),
    ],
)
def test_lines_of_known_shape_stay(line: str, kept: str) -> None:
    assert scrubbed(line) == kept


@pytest.mark.parametrize(
    "words",
    [
        f"[Errno 13] Permission denied: '/films of {NAME}/model.onnx'",
        f"[WinError 5] Access is denied: 'C:\\\\films\\\\{NAME}'",
        f"Load model from /srv/films of {NAME}/graph.onnx failed",
        f"{{'title': \"{NAME}'s model\"}} is not of type 'array'",
        f'Expecting value near "{NAME} Ada',  # a quotation that was cut
        f"KeyError: b'{NAME}'",
        f"{NAME}^Ada in 1.2.840.113619.2.55.3.604688119",
        f"MRN0045117{NAME} has no pixels",
        f"{NAME}.safetensors is too short",
    ],
)
def test_what_a_system_or_a_library_says_of_a_file_is_hidden(words: str) -> None:
    left = scrubbed_words(words)
    assert HIDDEN in left
    assert NAME not in left
    assert "604688119" not in left


@pytest.mark.parametrize(
    "words",
    [
        "torch 2.13.0, 4096 films, 95.0 %",
        "It isn't there, and what it says can't be read",
        "stored as MPEG-4, which cannot be read here. 1.2.840.10008.1.2.4.102",
    ],
)
def test_versions_counts_and_the_standards_own_numbers_are_no_secrets(words: str) -> None:
    assert scrubbed_words(words) == words


def test_no_number_of_a_patient_passes_for_one_of_the_standard() -> None:
    assert scrubbed_words("1.2.840.10008.604688119") == HIDDEN
