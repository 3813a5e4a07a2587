"""Hold the plan of the house: which way imports run, what is loaded before the first window, what lies where."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from imaging.phantom_files import write_examples

ROOT = Path(__file__).resolve().parents[1]
# Each costs 0.1 to 7 seconds to import, and the first window, which takes 0.3, must not wait for it.
HEAVY = {"torch", "torchvision", "onnxruntime", "onnx", "sklearn", "scipy", "pyqtgraph", "highdicom"}
HEAVY |= {"numpy", "cv2", "pydicom", "PIL", "sqlite3"}
FIRST_PAINT = """
from gui import app
application = app.make_application()
window = app.build_window(remember=False)
window.shown.disconnect()  # what begins after the first paint
window.shown.connect(application.quit)
window.show()
application.exec()
window.close()
"""


def test_import_contracts() -> None:
    """In a process of its own: import-linter switches off every logger that exists before it."""
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", ["import main", "import gui.app", FIRST_PAINT], ids=["main", "app", "paint"])
def test_nothing_heavy_is_imported_before_the_window(program: str) -> None:
    program += "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & HEAVY == set()


def sources_read(program: str) -> int:
    """How many sources PySide6 has taken from the disk, in a fresh interpreter, once the program has run."""
    program += "\nimport linecache; print(len(linecache.cache))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def test_no_sources_are_read_with_what_is_imported() -> None:
    """`main.py` gives the plain imports back before it imports a command with a window."""
    command = "import contextlib, main\nwith contextlib.suppress(SystemExit):\n    main._run(['snapshot', '--help'])\n"
    assert (
        sources_read("import PySide6.QtCore\nimport gui.app") > 50
    )  # else gui.process.plain_imports has nothing to do
    assert sources_read(command + "import gui.app") < 5  # those that Qt imports itself


# What the window's thread imports from the first paint on, until a film has its score and all is painted.
LATE = """
import sys, threading
from pathlib import Path
from PySide6.QtCore import QTimer
from gui import app
late = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            late.append(name)
application = app.make_application()
window = app.build_window([Path(sys.argv[1])], model="practice")
window.shown.connect(lambda: sys.meta_path.insert(0, Watch()))
controller, clock = window.controller, QTimer(interval=20)
clock.timeout.connect(lambda: controller.analysing.progress.done and window.settled and application.quit())
clock.start()
window.show()
application.exec()
found = list(late)
import this
print(found, late[-1])
window.close()
"""


def test_the_windows_thread_imports_nothing_once_it_shows(tmp_path: Path) -> None:
    """An import is read from the disk, and waits for whoever imports the same on a worker."""
    write_examples(tmp_path / "films", 1, size_px=(256, 256))
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "NEGATOSCOPE_DATA": str(tmp_path)}
    command = [sys.executable, "-c", LATE, str(tmp_path / "films")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[] this"


def test_drawn_tests_draw_the_same_cases_in_every_run(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--hypothesis-profile") == "search":
        pytest.skip("asked to draw anew")
    drawn = settings()
    assert (drawn.derandomize, drawn.deadline, drawn.database) == (True, None, None)


def test_packaging_is_no_package() -> None:
    """With an `__init__.py`, our folder would hide PyPI's `packaging`, and torch would no longer import."""
    assert not (ROOT / "packaging" / "__init__.py").exists()
    assert "site-packages" in Path(importlib.import_module("packaging").__file__ or "").parts


def test_resources_hold_data_only() -> None:
    assert list((ROOT / "resources").rglob("*.py")) == []


def locked(name: str = "requirements.lock") -> dict[str, Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def test_decisions_are_numbered_without_a_gap() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [path.name[:5] for path in decisions] == [f"{number:04d}-" for number in range(1, len(decisions) + 1)]
    for number, path in enumerate(decisions, start=1):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), path.name
        assert "**Status:** " in text, path.name


def test_no_word_is_explained_twice() -> None:
    entries = re.findall(r"^\*\*(.+?)\*\* —", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(entries) > 30
    assert [word for word, times in Counter(entries).items() if times > 1] == []


def test_every_locked_version_is_exact_and_free_of_a_build() -> None:
    optional = locked("requirements-optional.lock")
    assert not set(optional) & set(locked())
    for requirement in (*locked().values(), *optional.values()):
        (version,) = requirement.specifier
        assert version.operator == "=="
        assert "+" not in version.version


def test_lock_names_all_that_its_packages_need() -> None:
    lock = locked()
    for name, requirement in lock.items():
        if requirement.marker and not requirement.marker.evaluate():
            continue
        installed = importlib.metadata.distribution(name)
        assert requirement.specifier.contains(installed.version), f"{name} {installed.version} is installed"
        for needed in map(Requirement, installed.requires or []):
            applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
            of_cuda = needed.name.startswith(("nvidia-", "cuda-", "triton"))
            assert not applies or of_cuda or canonicalize_name(needed.name) in lock, f"{name} needs {needed.name}"
