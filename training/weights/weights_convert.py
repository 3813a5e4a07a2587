"""The converter process: from a `.pth` file to safetensors, in an interpreter of its own that ends after one file.

What comes back over the pipe is text and never a pickle: whoever took over the child could send one. The parent then
reads the safetensors as it reads any stranger's.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from imaging.confined import (
    address_space_bytes,
    interrupts_held_back,
    limit_memory,
    limit_written_file,
    make_harmless,
)
from imaging.progress import CancelToken
from training.weights.weights_limits import DEFAULT_LIMITS, WeightsError, WeightsLimits

SOURCE_KEY = "source_sha256"
_READY, _DONE = b"ready", b"done"
_TURN_S = 0.1
_MOST_WORDS = 4096
_HEADER_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Job:
    """What the child is to do: `sha256` is that of the source as it was checked."""

    source: str
    sha256: str
    target: str
    limits: WeightsLimits


def convert(
    source: Path, sha256: str, target: Path, *, token: CancelToken, limits: WeightsLimits = DEFAULT_LIMITS
) -> None:
    """Write the tensors of a `.pth` file as safetensors to `target`, which names the source's hash in its metadata.

    Raises WeightsError, Cancelled; `target` is then not there.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child: BaseProcess = context.Process(target=_serve, args=(theirs,), name="weights converter", daemon=True)
    try:
        _start(child)
        theirs.close()  # or the end of the child would not be heard
        _expect(_READY, ours, limits.start_timeout_s, token)
        ours.send(_Job(str(source), sha256, str(target), limits))
        _expect(_DONE, ours, limits.timeout_s, token)
    except BaseException:
        _end(child)  # before its file goes: it may still be writing
        target.unlink(missing_ok=True)
        raise
    finally:
        theirs.close()
        ours.close()
        _end(child)


def _start(child: BaseProcess) -> None:
    try:
        with interrupts_held_back():
            child.start()
    except OSError as error:
        raise WeightsError("The converter for weights could not be started.", detail=str(error)) from error


def _expect(word: bytes, pipe: Connection[Any, Any], timeout_s: float, token: CancelToken) -> None:
    """Wait for a word of the child; any other is the sentence that says why not."""
    deadline = time.monotonic() + timeout_s
    try:
        while not pipe.poll(_TURN_S):
            token.check()
            if time.monotonic() > deadline:
                raise WeightsError("The file of weights took too long to convert and was given up.")
        said = pipe.recv_bytes(_MOST_WORDS)
    except (EOFError, OSError) as error:
        raise WeightsError("The file of weights ended its converter: it is damaged or made to do harm.") from error
    if said != word:
        words = said.decode("utf-8", "replace")
        raise WeightsError("".join(letter for letter in words if letter.isprintable())[:400])


def _end(child: BaseProcess) -> None:
    """End the process without waiting for what it is doing. May be called twice, and where it never began."""
    with suppress(ValueError, AttributeError, AssertionError):
        child.kill()
        child.join(5.0)
        child.close()


def _serve(pipe: Connection[Any, Any]) -> None:
    """The child's whole life: import torch, convert one file, say how it went."""
    make_harmless()
    import safetensors.torch  # noqa: F401  (what it costs is no part of the file's memory)
    import torch

    import training.weights.weights_pickle  # noqa: F401

    torch.set_num_threads(1)
    with suppress(EOFError, OSError):
        pipe.send_bytes(_READY)
        job: _Job = pipe.recv()
        limit_memory(address_space_bytes() + job.limits.memory_bytes)
        limit_written_file(job.limits.bytes + _HEADER_BYTES)
        pipe.send_bytes(_answer(job))


def _answer(job: _Job) -> bytes:
    try:
        _convert(job)
    except WeightsError as error:
        return error.message.encode("utf-8")[:_MOST_WORDS]
    except (MemoryError, RuntimeError):
        return b"The file of weights needs more memory than any real network does."
    except OSError:
        return b"The file of weights can't be read, or there is no room to convert it."
    return _DONE


def _convert(job: _Job) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from training.weights.weights_pickle import tensors_of

    content = Path(job.source).read_bytes()
    if hashlib.sha256(content).hexdigest() != job.sha256:
        raise WeightsError("The file of weights changed while it was read.")
    tensors = tensors_of(content, job.limits)
    del content
    try:
        save_file(tensors, job.target, metadata={SOURCE_KEY: job.sha256})
    except SafetensorError as error:
        raise OSError(str(error)) from error
