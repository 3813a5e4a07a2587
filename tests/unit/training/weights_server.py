"""A real http server on this machine that serves files well, or in the ways that servers go wrong."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass
class Served:
    """What the server has, by path, and what was asked of it."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stated_length: int | None = None  # another Content-Length than the true one
    hang_after: int | None = None  # bytes, after which nothing more comes
    hush: threading.Event = field(default_factory=threading.Event)  # ends every hang


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[Served]

    def do_GET(self) -> None:
        self.served.asked.append(self.path)
        if self.path in self.served.redirects:
            self.send_response(302)
            self.send_header("Location", self.served.redirects[self.path])
            self.end_headers()
            return
        content = self.served.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self._send(content)

    def _send(self, content: bytes) -> None:
        served = self.served
        self.send_response(200)
        self.send_header("Content-Length", str(served.stated_length or len(content)))
        self.end_headers()
        self.wfile.write(content[: served.hang_after])
        if served.hang_after is not None:
            self.wfile.flush()
            served.hush.wait(20)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    """A client that hangs up is what the tests are about; whatever else goes wrong here is told when it closes."""

    daemon_threads = False  # those that still answer are waited for

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.failures: list[BaseException] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.failures.append(error)


@contextmanager
def serving() -> Iterator[Served]:
    """A server on a free port of the loopback, gone afterwards with all its threads. What failed in them is raised."""
    server = _Server()
    _Handler.served = served = Served(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.hush.set()
        server.shutdown()
        server.server_close()
        thread.join()
    if server.failures:
        raise server.failures[0]
