"""The child processes in which compressed frames and pictures are decoded.

A hostile or damaged frame may crash a decoder, hang it or make it ask for all memory; here that costs one child and
refuses one film. The first child starts with the first compressed frame or picture, or ahead of it (a fifth of a second
of CPU). A child serves one frame after another, and is replaced when it dies or runs out of time. It ends with its
parent: it is a daemon process, and the end of the pipe ends it even where the parent was killed.

On Linux a frame goes and comes in memory that both processes map (memfd, whose size no /dev/shm bounds), and the child
decodes right into it; elsewhere over the pipe.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import BufferTooShort
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from imaging.confined import interrupts_held_back, resident_bytes
from imaging.errors import FilmError
from imaging.image import Pixels
from imaging.read import refuse
from imaging.read.answer import MOST_BYTES, READY, AnswerError, heard
from imaging.read.desk import HAS_DESKS, Desks
from imaging.read.limits import Limits
from imaging.read.serving import Told_co, Work, serve

_MOST_CHILDREN = max(2, os.cpu_count() or 1)  # one for each caller of `screen`; they start as they are needed
_START_TIMEOUT_S = 120.0
_START_S = 0.25  # what a start costs, more or less
_NOTHING = b"\0"  # pictures come with a path: not every system's pipe carries a message of no bytes
_WATCH_S = 0.05
_TURN_S = 60.0  # a site's time-out may be longer than the system can wait in one go


class _Child:
    """One child process and the parent's end of its pipe. Serves one caller at a time."""

    def __init__(self, *, watched: bool) -> None:
        self._watched = watched
        self._base_bytes = 0
        self._desks = Desks()
        self._told: Limits | None = None
        self.is_ready = False
        self.is_lost = False
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=serve, args=(theirs,), name="decoder", daemon=True)
        with interrupts_held_back():
            self._process.start()
        theirs.close()

    def run(self, job: Work[Told_co], data: bytes, limits: Limits) -> tuple[Pixels, Told_co]:
        """Have one frame decoded. A child that hangs, died or outgrew its limit `is_lost`: of no more use."""
        try:
            return self._run_on_desk(job, data, limits) if HAS_DESKS else self._run_by_pipe(job, data, limits)
        except (EOFError, OSError, BufferTooShort) as error:
            self.is_lost = True
            self._process.join(1.0)
            raise refuse.decoder_died(f"exit code {self._process.exitcode}") from error
        except AnswerError as error:
            self.is_lost = True
            raise refuse.decoder_died(f"a strange answer: {error}") from error

    def _run_on_desk(self, job: Work[Told_co], data: bytes, limits: Limits) -> tuple[Pixels, Told_co]:
        try:
            place = self._desks.lay(data, job.result_bytes)
        except OSError as error:  # the machine's memory, or its descriptors: no disk is in it
            raise refuse.needs_too_much_memory(f"desk: errno {error.errno}") from error
        try:
            place.send(self._pipe, (job, self._news(limits)))
            told = job.heard(self._answer(limits))
        except BaseException:
            self._desks.abandon(place)
            raise
        return self._desks.taken(place), told

    def _run_by_pipe(self, job: Work[Told_co], data: bytes, limits: Limits) -> tuple[Pixels, Told_co]:
        self._pipe.send((job, self._news(limits), None))
        self._pipe.send_bytes(data or _NOTHING)
        told = job.heard(self._answer(limits))
        received = bytearray(job.result_bytes)
        self._pipe.recv_bytes_into(received)
        return np.frombuffer(received, np.uint8), told

    def _news(self, limits: Limits) -> Limits | None:
        """The limits, unless the child knows them: they are half of what it takes to send a frame."""
        news = limits if limits is not self._told else None
        self._told = limits
        return news

    def _answer(self, limits: Limits) -> Any:
        """Wait for what the child tells of its frame. Raises FilmError, AnswerError, EOFError, OSError."""
        deadline = time.monotonic() + limits.timeout_s
        turn_s = _WATCH_S if self._watched else _TURN_S
        while not self._pipe.poll(min(turn_s, max(deadline - time.monotonic(), 0.0))):
            if self._watched and resident_bytes(self._process.pid) > self._base_bytes + limits.memory_bytes:
                self.is_lost = True
                raise refuse.needs_too_much_memory("the decoder outgrew its limit")
            if time.monotonic() >= deadline:
                self.is_lost = True
                raise refuse.timed_out(limits)
        return heard(self._pipe.recv_bytes(MOST_BYTES))

    def wait_until_ready(self) -> None:
        """Wait for the decoders to be imported, which is no part of a frame's time. Raises FilmError DECODER_DIED."""
        if self.is_ready:
            return
        try:
            ready = self._pipe.poll(_START_TIMEOUT_S) and self._pipe.recv_bytes(MOST_BYTES) == READY
        except (EOFError, OSError):
            ready = False
        if self._watched:
            self._base_bytes = resident_bytes(self._process.pid)
        if not ready:
            raise refuse.decoder_not_started("no sign of life")
        self.is_ready = True

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def stop(self) -> None:
        """End the process, without waiting for what it is doing."""
        self._pipe.close()
        self._process.kill()
        self._process.join(2.0)
        with suppress(ValueError):  # it outlived the kill (a disk that hangs): left to the system
            self._process.close()


def _started(*, watched: bool) -> _Child:
    """A child that gets ready. Raises FilmError DECODER_DIED."""
    try:
        return _Child(watched=watched)
    except OSError as error:
        raise refuse.decoder_not_started(f"{type(error).__name__} errno {error.errno}") from error


class DecoderPool:
    """Up to `most` children. Thread-safe; who finds none free waits for one, or for another to start.

    One starts at a time, and not before callers have waited for as long, all together, as it takes to start: a film and
    its small picture share one. `watched`: their memory is looked at from outside, for systems that do not bound it.
    """

    def __init__(self, most: int = _MOST_CHILDREN, *, watched: bool = sys.platform != "linux") -> None:
        self._watched = watched
        self._free = threading.BoundedSemaphore(most)
        self._changed = threading.Condition()
        self._idle: list[_Child] = []
        self._busy = 0
        self._starting = False
        self._has_begun = False
        self._waited_s = 0.0  # since the last start

    def decode(self, job: Work[Told_co], data: bytes, limits: Limits) -> tuple[Pixels, Told_co]:
        """Decode one frame: its bytes, uint8 [N], and what the job says of them.

        Raises FilmError: CORRUPT, TOO_LARGE, TIMEOUT or DECODER_DIED.
        """
        with self._free:
            child = self._taken()
            reusable = False
            try:
                decoded = child.run(job, data, limits)
                reusable = True
            except FilmError:
                reusable = not child.is_lost
                raise
            finally:
                self._give_back(child, reusable)
        return decoded

    def get_ready(self) -> None:
        """Start the first child, so that the first film does not wait for it. What fails is told over that film."""
        with self._changed:
            if self._has_begun:
                return
            self._has_begun = True
            with suppress(FilmError):
                self._idle.append(_started(watched=self._watched))

    def close(self) -> None:
        """End all idle children. The pool starts new ones if it is used again."""
        with self._changed:
            children, self._idle = self._idle, []
        for child in children:
            child.stop()

    def _taken(self) -> _Child:
        """A child that is ready. Raises FilmError DECODER_DIED."""
        child, starts = self._chosen()
        try:
            child = child or _started(watched=self._watched)
            child.wait_until_ready()
        except BaseException:
            self._give_back(child, reusable=False)
            raise
        finally:
            if starts:
                with self._changed:
                    self._starting = False
                    self._changed.notify_all()
        return child

    def _chosen(self) -> tuple[_Child | None, bool]:
        """A child that was idle, None where one has to be started; and whether it starts: no other does meanwhile."""
        with self._changed:
            self._has_begun = True
            while True:
                while self._idle and not self._idle[-1].is_alive:
                    # Killed from outside while it waited (for memory, say): the next film did nothing to it.
                    self._idle.pop().stop()
                if self._idle or not self._has_waited():
                    break
            child = self._idle.pop() if self._idle else None
            starts = child is None or not child.is_ready
            self._busy += 1
            if starts:
                self._starting, self._waited_s = True, 0.0
            return child, starts

    def _has_waited(self) -> bool:
        """Wait for a change, unless a start is due. The lock is held."""
        if self._starting:
            self._changed.wait()
            return True
        left_s = _START_S - self._waited_s
        if not self._busy or left_s <= 0.0:
            return False
        began = time.monotonic()
        self._changed.wait(left_s)
        self._waited_s += time.monotonic() - began
        return True

    def _give_back(self, child: _Child | None, reusable: bool) -> None:
        if child is not None and not reusable:
            child.stop()
        with self._changed:
            self._busy -= 1
            if child is not None and reusable:
                self._idle.append(child)
            self._changed.notify()


# One pool a process: children are dear, and `decode` is the only door to them. It is empty until the first frame.
POOL = DecoderPool()
atexit.register(POOL.close)
