"""A decoding child that is somebody else's can refuse its film, and nothing more."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from imaging.errors import Code, FilmError
from imaging.read.answer import MOST_BYTES, AnswerError, heard, refused, told
from imaging.read.child import DecoderPool
from imaging.read.codecs import Job
from imaging.read.limits import Limits
from imaging.read.picture import PictureFacts, PictureJob
from tests.strange_jobs import StrangeJob

LIMITS = Limits()
PICTURE = PictureJob("a.png", 0, None, result_bytes=12)
FACTS = PictureFacts((2, 3), "<u2", 12, inverted=False, icc=True, full_size_px=(4, 6), complete=0.5)


class Ran:
    """Its pickle runs what it likes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("what the child wrote was run",)


def test_facts_come_back_as_they_went() -> None:
    assert PICTURE.heard(heard(told(FACTS))) == FACTS
    assert Job("rle", 1, 1, 1, 1).heard(heard(told(0.25))) == 0.25


def test_refusals_come_back_as_they_went_but_for_their_length() -> None:
    error = FilmError(Code.CORRUPT, "The picture is damaged.", detail="\U0001d11e" * MOST_BYTES)
    answer = refused(error)
    assert len(answer) < MOST_BYTES
    assert len(refused(FilmError(Code.CORRUPT, error.detail, detail=error.detail))) < MOST_BYTES
    with pytest.raises(FilmError, match=r"The picture is damaged\.") as refusal:
        heard(answer)
    assert refusal.value.code is Code.CORRUPT
    assert error.detail.startswith(refusal.value.detail)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'{"else": 1}',
        b'{"told": 1, "refused": []}',
        b'{"refused": ["corrupt", "words"]}',
        b'{"refused": ["corrupt", "words", 3]}',
        b'{"refused": ["nonsense", "words", ""]}',
        b"[" * 10_000,
        pickle.dumps(Ran()),
    ],
)
def test_what_is_no_answer(answer: bytes) -> None:
    with pytest.raises(AnswerError):
        heard(answer)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, [2]),
        (0, [2, 4]),  # more than there is room for
        (0, [2, -3]),
        (0, [2, 1.5]),
        (0, [10**30, 1]),
        (0, [1, 2, 2]),
        (0, [[1], 2]),
        (0, "23"),
        (1, "O"),
        (1, "<u8"),
        (1, ["<u2"]),
        (2, 17),
        (2, True),
        (3, 0),
        (4, None),
        (5, [4]),
        (5, [4, 0]),
        (6, 1.01),
        pytest.param(6, 10**400, id="more than a float"),
        (6, float("nan")),
        (6, "1"),
    ],
)
def test_facts_that_are_none(at: int, value: object) -> None:
    facts = json.loads(json.dumps(FACTS))
    facts[at] = value
    with pytest.raises(AnswerError):
        PICTURE.heard(heard(told(facts)))
    with pytest.raises(AnswerError):
        PICTURE.heard(facts[:-1])


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool(1)
    yield made
    made.close()


@pytest.mark.parametrize("telling", ["half", None, 2, [0.5], {"told": 1.0}, "x" * MOST_BYTES])
def test_a_child_that_answers_strangely_is_replaced(telling: object, pool: DecoderPool) -> None:
    with pytest.raises(FilmError) as refusal:
        pool.decode(StrangeJob(telling), b"\x07", LIMITS)
    assert refusal.value.code is Code.DECODER_DIED
    frame, share = pool.decode(StrangeJob(0.5), b"\x07", LIMITS)
    assert (frame.tolist(), share) == ([7], 0.5)
