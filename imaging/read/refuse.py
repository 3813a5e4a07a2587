"""The sentences with which a film is refused. They name no path and nothing of the patient."""

from __future__ import annotations

import errno
import logging
from typing import Literal, TypeGuard

from imaging.errors import Code, FilmError
from imaging.read.limits import Limits

_LOG = logging.getLogger(__name__)


def noted(error: FilmError) -> FilmError:
    """Write a refusal to the log: code, sentence and detail, none of which holds a path or anything of a patient.

    What is no film is left out: a folder may hold thousands of other files.
    """
    if error.code is not Code.NOT_A_FILM:
        _LOG.info("a film was refused: %s: %s %s", error.code.value, error.message, error.detail)
    return error


def from_os_error(error: OSError, what: Literal["file", "folder"] = "file") -> FilmError:
    """What the operating system's refusal means to the reader. `detail` holds no path."""
    detail = f"{type(error).__name__} errno {error.errno}"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FilmError(Code.MISSING, f"The {what} is not there any more, or its name is misspelt.", detail=detail)
    if isinstance(error, PermissionError):
        return FilmError(Code.NO_PERMISSION, f"You have no permission to read this {what}.", detail=detail)
    return FilmError(Code.UNREADABLE, f"The {what} could not be read from its disk or network drive.", detail=detail)


def changed() -> FilmError:
    """A file that was written anew since it was listed: what is known of it belongs to another picture."""
    sentence = "The file has changed since it was opened; close all films and open it again to see what it holds now."
    return FilmError(Code.UNREADABLE, sentence)


def is_of_system(error: BaseException) -> TypeGuard[OSError]:
    """Whether the operating system refused, and not a library over what it read.

    Libraries raise OSError without a number for damage; EINVAL comes of a seek to where a damaged length points.
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def empty() -> FilmError:
    """A file without a single byte."""
    return FilmError(Code.EMPTY, "The file is empty.")


def not_a_film(what: str = "") -> FilmError:
    """`what` names what it is instead, with its article: 'a ZIP archive'."""
    said = f"This is {what}" if what else "This is no picture"
    return FilmError(Code.NOT_A_FILM, f"{said}; DICOM, PNG, JPEG and TIFF files can be opened.")


def no_pixels(what: str = "DICOM object") -> FilmError:
    """A DICOM object without pixel data; `what` names its kind."""
    return FilmError(Code.NO_PIXELS, f"This {what} holds no picture.")


def truncated(share: float | None, detail: str = "") -> FilmError:
    """A file that was cut short so that nothing can be shown. `share` is how much of its picture is there, if known."""
    there = "its picture is not all there" if share is None else f"{int(share * 100)} % of the image is there"
    sentence = f"The file ends early: {there}, which cannot be shown; copy it again from where it came from."
    return FilmError(Code.TRUNCATED, sentence, detail=detail)


def incomplete(share: float) -> FilmError:
    """A film that can be shown in part, for whoever needs all of it."""
    return FilmError(Code.TRUNCATED, f"The file ends early: {int(share * 100)} % of the image is there.")


def corrupt(detail: str = "") -> FilmError:
    """A file that cannot be understood."""
    return FilmError(Code.CORRUPT, "The file is damaged, and its picture cannot be read.", detail=detail)


def corrupt_archive(detail: str = "") -> FilmError:
    """A ZIP archive that cannot be understood."""
    return FilmError(Code.CORRUPT, "The archive is damaged, or was not copied to its end.", detail=detail)


def outside(what: Literal["archive", "folder"], count: int = 1) -> FilmError:
    """Entries of a table of contents that point out of where they may point."""
    files = "a file that lies" if count == 1 else f"{count:,} files that lie"
    return FilmError(Code.OUTSIDE, f"This {what} lists {files} outside of it; such files are not opened.")


def contradictory(detail: str = "") -> FilmError:
    """A header that does not fit the compressed picture."""
    sentence = "The file contradicts itself about the size or depth of its picture, so it is not shown."
    return FilmError(Code.CORRUPT, sentence, detail=detail)


def unsupported(what: str, detail: str = "") -> FilmError:
    """`what` names the encoding: 'MPEG-4 video'."""
    return FilmError(Code.UNSUPPORTED, f"The picture is stored as {what}, which cannot be read here.", detail=detail)


def timed_out(limits: Limits) -> FilmError:
    """A picture whose decoding had to be stopped."""
    sentence = f"Reading the picture took longer than {limits.timeout_s:g} seconds, so it was given up."
    return FilmError(Code.TIMEOUT, sentence)


def decoder_died(detail: str = "") -> FilmError:
    """A picture that brought the decoding child process down."""
    sentence = "The decoder broke down over this picture; the file is probably damaged."
    return FilmError(Code.DECODER_DIED, sentence, detail=detail)


def decoder_not_started(detail: str = "") -> FilmError:
    """A decoding child process that the system did not start; the picture is not to blame."""
    sentence = "The decoder for compressed pictures could not be started; close other programs and open the film again."
    return FilmError(Code.DECODER_DIED, sentence, detail=detail)


def needs_too_much_memory(detail: str = "") -> FilmError:
    """A picture beyond the bounds on memory."""
    return FilmError(Code.TOO_LARGE, "Reading this picture would need more memory than it may use.", detail=detail)


def no_such_frame(frame: int, frames: int) -> FilmError:
    """A frame number that the file does not have."""
    held = "one frame" if frames == 1 else f"{frames} frames"
    return FilmError(Code.NO_SUCH_FRAME, f"There is no frame {frame}: the file holds {held}, counted from 0.")


def check_frames(frames: int, limits: Limits) -> None:
    """Raise TOO_LARGE for more frames than any study has: a header can claim two thousand million."""
    if frames > limits.max_frames:
        sentence = f"The file is said to hold {frames:,} frames; at most {limits.max_frames:,} can be opened."
        raise FilmError(Code.TOO_LARGE, sentence)


def check_size(rows: int, columns: int, sample_bytes: int, samples: int, limits: Limits) -> None:
    """Raise TOO_SMALL or TOO_LARGE for a picture of this size, before memory is asked for. Sizes in pixels."""
    size = f"{columns:,} × {rows:,} pixels"
    if min(rows, columns) < limits.min_side_px:
        raise FilmError(Code.TOO_SMALL, f"The picture has only {size}, too few for a film.")
    if rows * columns > limits.max_pixels:
        most = limits.max_pixels // 1_000_000
        raise FilmError(Code.TOO_LARGE, f"The picture has {size}; at most {most} million pixels can be opened.")
    if rows * columns * samples * sample_bytes > limits.max_frame_bytes:
        raise needs_too_much_memory(f"{rows}x{columns}x{samples}x{sample_bytes} bytes")
