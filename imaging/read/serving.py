"""The child's side of decoding: what runs in the process that `imaging.read.child` starts and may lose."""

from __future__ import annotations

import zlib
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

import numpy as np

from imaging.confined import address_space_bytes, limit_memory, make_harmless, silence_libraries
from imaging.errors import FilmError
from imaging.image import Pixels
from imaging.read import codecs, picture, refuse
from imaging.read.answer import READY, refused, told
from imaging.read.desk import DesksInChild, Slip
from imaging.read.limits import DEFAULT_LIMITS, Limits

Told_co = TypeVar("Told_co", covariant=True)

# What the decoders raise on damaged frames; anything else ends the child, which refuses the film as well.
_DECODER_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
)


class Work(Protocol[Told_co]):
    """A frame to decode, in at most `result_bytes`. Raises what decoders raise on damage, or FilmError."""

    @property
    def family(self) -> str: ...

    @property
    def result_bytes(self) -> int: ...

    def decode(self, data: memoryview, limits: Limits, out: Pixels, /) -> Told_co: ...

    def heard(self, told: Any, /) -> Told_co:
        """What `decode` gave back, from the JSON that came of it. Raises AnswerError where it can't be that."""
        ...


def serve(pipe: Connection[Any, Any]) -> None:
    """The child's whole life: import the decoders, then decode one job after another until the pipe ends."""
    make_harmless()
    codecs.load()
    picture.load()
    silence_libraries()
    base_bytes = address_space_bytes()
    desks, limits = DesksInChild(), DEFAULT_LIMITS
    with suppress(EOFError, OSError, KeyboardInterrupt):
        pipe.send_bytes(READY)
        while True:
            job, news, slip = pipe.recv()
            if news is not None:
                limits = news
                limit_memory(base_bytes + limits.memory_bytes)
            if slip is None:
                _serve_by_pipe(pipe, job, limits)
            else:
                pipe.send_bytes(_on_desk(pipe, desks, job, limits, slip))


def _on_desk(pipe: Connection[Any, Any], desks: DesksInChild, job: Work[Any], limits: Limits, slip: Slip) -> bytes:
    try:
        out, data = desks.received(pipe, slip, job.result_bytes)
    except MemoryError:
        return refused(refuse.needs_too_much_memory("no room for the result"))
    return _decoded(job, data, limits, out)[0]


def _serve_by_pipe(pipe: Connection[Any, Any], job: Work[Any], limits: Limits) -> None:
    """Where there is no shared memory, the frame's bytes follow the answer."""
    data = memoryview(pipe.recv_bytes())
    try:
        out = np.zeros(job.result_bytes, np.uint8)
    except MemoryError:
        pipe.send_bytes(refused(refuse.needs_too_much_memory("no room for the result")))
        return
    answer, is_decoded = _decoded(job, data, limits, out)
    pipe.send_bytes(answer)
    if is_decoded:
        pipe.send_bytes(out.data)


def _decoded(job: Work[Any], data: memoryview, limits: Limits, out: Pixels) -> tuple[bytes, bool]:
    """The answer, and whether there is a frame."""
    try:
        return told(job.decode(data, limits, out)), True
    except FilmError as error:
        return refused(error), False
    except MemoryError as error:
        return refused(refuse.needs_too_much_memory(str(error))), False
    except _DECODER_FAILURES as error:
        return refused(refuse.corrupt(f"{job.family}: {type(error).__name__}")), False
