"""A screen that nobody sees, with a bus for screen readers, a mouse and a keyboard."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

SIZE_PX = (1600, 1000)
# The program that a step calls, and the Debian package that brings it.
NEEDED = {"Xvfb": "xvfb", "dbus-daemon": "dbus-daemon", "xdotool": "xdotool"}
# A bus without the registry of screen readers: who wants to read asks the program itself.
BUS = Template("""\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>accessibility</type>
  <listen>unix:path=$socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
""")
KEY_PAUSE_MS = 20  # between the keys of a word: a form that works something out at each has to keep up


class ScreenError(Exception):
    """There is no screen to be had here."""


def missing() -> list[str]:
    """The Debian packages that have to be installed first."""
    return [package for program, package in NEEDED.items() if shutil.which(program) is None]


@dataclass(frozen=True, slots=True)
class OwnScreen:
    """`display` and `bus` are what programs are told by DISPLAY and AT_SPI_BUS_ADDRESS."""

    display: str
    bus: str

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to show on it and to be read."""
        return {"DISPLAY": self.display, "AT_SPI_BUS_ADDRESS": self.bus, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}

    def click(self, at_px: tuple[int, int]) -> None:
        x, y = at_px
        self._do("mousemove", str(x), str(y), "click", "1")

    def press(self, *keys: str) -> None:
        """Keys one after the other, in X's words: 'Return', 'ctrl+w'."""
        self._do("key", "--delay", str(KEY_PAUSE_MS), *keys)

    def type(self, text: str) -> None:
        self._do("type", "--delay", str(KEY_PAUSE_MS), text)

    def bring_up(self, title: str) -> None:
        """Lay a window on top and have it get what is typed: there is no window manager that would see to it."""
        self._do("search", "--onlyvisible", "--name", f"^{title}", "windowraise", "windowfocus", "--sync")

    def picture(self, path: Path) -> None:
        """What the screen shows, as PNG, where ImageMagick is there to take it."""
        if shutil.which("import") is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            command = ["import", "-display", self.display, "-window", "root", str(path)]
            subprocess.run(command, check=True, capture_output=True, timeout=60)

    def _do(self, *words: str) -> None:
        environment = {**os.environ, "DISPLAY": self.display}
        subprocess.run(["xdotool", *words], env=environment, check=True, capture_output=True, timeout=60)


@contextlib.contextmanager
def own_screen(folder: Path) -> Iterator[OwnScreen]:
    """Start X server and bus; both end with the block. The bus has its socket in `folder`: its path is plain ASCII."""
    socket, settings = folder / "bus", folder / "bus.conf"
    settings.write_text(BUS.substitute(socket=socket), encoding="utf-8")
    size = "x".join(map(str, SIZE_PX))
    with (
        _running(["dbus-daemon", f"--config-file={settings}", "--nofork", "--print-address=1"]),
        _running(["Xvfb", "-displayfd", "1", "-screen", "0", f"{size}x24", "-nolisten", "tcp"]) as number,
    ):
        yield OwnScreen(f":{number}", f"unix:path={socket}")


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[str]:
    """A server that says one line once it is ready: that line."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            line = server.stdout.readline().strip() if server.stdout else ""
            if not line:
                raise ScreenError(f"{command[0]} does not start.")
            yield line
        finally:
            server.terminate()
