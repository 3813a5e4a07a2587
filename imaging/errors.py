"""What can go wrong with a film, as codes that scripts read and sentences that readers understand."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a file or a film was refused; the `error.code` of a `screen` line."""

    MISSING = "missing"
    NO_PERMISSION = "no_permission"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NOT_A_FILM = "not_a_film"
    NO_PIXELS = "no_pixels"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    UNSUPPORTED = "unsupported_encoding"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    TIMEOUT = "timeout"
    DECODER_DIED = "decoder_died"
    OUTSIDE = "outside"
    NO_SUCH_FRAME = "no_such_frame"
    ANALYSIS_FAILED = "analysis_failed"


class NegatoscopeError(Exception):
    """Base of the errors whose message a user may read and act on.

    `message` is one sentence without patient data; `detail` is for the log and holds none either.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class FilmError(NegatoscopeError):
    """One film could not be read or analysed; the others go on."""

    def __init__(self, code: Code, message: str, *, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return _film_error, (self.code, self.message, self.detail)


def _film_error(code: Code, message: str, detail: str) -> FilmError:
    """Rebuild an error that crossed a process boundary."""
    return FilmError(code, message, detail=detail)
