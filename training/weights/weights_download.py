"""Fetching one file over https, for a user who agreed to it: capped, timed, cancellable, never led elsewhere.

http is for this machine alone (the tests' server). Proxies are those of the environment, and none for this machine.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit

from imaging.progress import CancelToken, Progress
from imaging.site import NO_DOWNLOADS, read_site
from training.weights.weights_limits import WeightsError

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_BLOCK = 1 << 18
# Where the systems keep their certificates, for a frozen program whose OpenSSL was built on another one.
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """`timeout_s` bounds connecting and each wait for more; `total_s` the whole; `bytes` the file."""

    bytes: int = 1 << 30
    timeout_s: float = 20.0
    total_s: float = 3600.0


DEFAULT_DOWNLOAD = DownloadLimits()


def download(
    url: str, target: Path, token: CancelToken, progress: Progress, caps: DownloadLimits = DEFAULT_DOWNLOAD
) -> str:
    """Write what stands at `url` to `target` and return its sha256. A cancellation is noticed between two blocks.

    Raises WeightsError, Cancelled; `target` is the caller's to remove.
    """
    digest, done = hashlib.sha256(), 0
    token.check()
    if not read_site().downloads:
        raise WeightsError(NO_DOWNLOADS)
    try:
        with target.open("wb") as file, closing(_blocks(url, caps)) as blocks:
            for block, total in blocks:
                token.check()
                digest.update(block)
                file.write(block)
                done += len(block)
                progress(done, total)
    except OSError as error:  # the network's own failures are told apart below
        raise WeightsError("The weights can't be written to the user's data folder.", detail=str(error)) from error
    return digest.hexdigest()


def _blocks(url: str, caps: DownloadLimits) -> Generator[tuple[bytes, int | None], None, None]:
    """The content in blocks, each with the length that the server stated. Raises WeightsError."""
    _check_address(urlsplit(url))
    deadline = time.monotonic() + caps.total_s
    try:
        # Uncompressed: the hash and the sizes are those of the file itself.
        asked = request.Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "Negatoscope"})
        with _opener(url).open(asked, timeout=caps.timeout_s) as response:
            total = _stated_length(response)
            _check_length(total or 0, caps)
            done = 0
            while block := response.read1(_BLOCK):
                done += len(block)
                _check_length(done, caps)
                if time.monotonic() > deadline:
                    raise WeightsError("The weights could not be downloaded: it took too long")
                yield block, total
            if total is not None and done < total:
                raise WeightsError("The weights could not be downloaded: the connection broke off")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is the server's answer, with its connection
        raise WeightsError(f"The weights could not be downloaded: {_words(error)}", detail=str(error)) from error


def _words(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(error, HTTPError):
        if 300 <= error.code < 400:
            return "the server sends on to another address"
        return f"the server answered with status {error.code}"
    if isinstance(reason, TimeoutError):
        return "the server does not answer"
    if isinstance(reason, ssl.SSLError):
        return "the connection is not secure"
    return "the server can't be reached" if isinstance(error, URLError) else "the connection broke off"


def _check_address(address: SplitResult) -> None:
    plain = address.scheme == "http" and address.hostname in _LOOPBACK
    if not (plain or (address.scheme == "https" and address.hostname)) or address.username is not None:
        raise WeightsError("The weights could not be downloaded: their address is not a safe one")


def _stated_length(response: Any) -> int | None:
    stated = response.headers.get("Content-Length")
    return int(stated) if stated is not None and stated.isdecimal() else None


def _check_length(length: int, caps: DownloadLimits) -> None:
    if length > caps.bytes:
        raise WeightsError("The weights could not be downloaded: the file is larger than that of any real network")


def _opener(url: str) -> request.OpenerDirector:
    """One that knows http and https alone and follows no redirect: the user agreed to that one address."""
    opener = request.OpenerDirector()
    proxies: dict[str, str] | None = {} if urlsplit(url).hostname in _LOOPBACK else None
    for handler in (
        request.ProxyHandler(proxies),
        request.UnknownHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(context=_certificates()),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _certificates() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not context.get_ca_certs():
        place = next((place for place in _CERTIFICATES if Path(place).is_file()), None)
        if place is not None:
            context.load_verify_locations(place)
    return context
