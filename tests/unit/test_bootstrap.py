from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(bootstrap.__file__).parent


def test_python_3_11_of_64_bits_is_taken() -> None:
    assert bootstrap.python_fault((3, 11), 64) is None


@pytest.mark.parametrize(("version", "bits", "word"), [((3, 12), 64, "Python 3.12"), ((3, 11), 32, "32 bits")])
def test_another_python_is_refused_by_name(version: tuple[int, int], bits: int, word: str) -> None:
    assert word in (bootstrap.python_fault(version, bits) or "")


def test_further_arguments_of_test_go_to_pytest() -> None:
    options, rest = bootstrap.parse(["test", "-k", "one or two", "tests/unit", "--torch-index", "URL", "-x"])
    assert (options.verb, options.torch_index) == ("test", "URL")
    assert rest == ["-k", "one or two", "tests/unit", "-x"]


@pytest.mark.parametrize("arguments", [[], ["dance"], ["demo", "tests/unit"]])
def test_wrong_usage_ends_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        bootstrap.parse(arguments)
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system packages are Linux' own")
def test_missing_system_packages_are_told_from_present_ones() -> None:
    wanted = {"libc.so.6": "libc6", "libnegatoscope-none.so.1": "libnone1"}
    assert bootstrap.missing_libraries(wanted) == ["libnone1"]
    assert bootstrap.missing_programs({"sh": "dash", "negatoscope-none": "none"}) == ["none"]


@pytest.mark.parametrize(
    ("output", "word"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("Failed to establish a new connection: NewConnectionError\nNo matching distribution found for x", "network"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build"),
        ("error: something new\n\n", "something new"),
    ],
)
def test_a_failure_of_pip_becomes_one_sentence(output: str, word: str) -> None:
    assert word in bootstrap.pip_fault(output)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with bootstrap.py and a lock that names no package."""
    shutil.copy(ROOT / "bootstrap.py", tmp_path)
    (tmp_path / "requirements.lock").write_text("# nothing\n", encoding="utf-8")
    (tmp_path / "requirements-optional.lock").write_text("# nothing\n", encoding="utf-8")
    return tmp_path


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `bootstrap.py setup` with a package index that nobody serves."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "1",
    }
    command = [sys.executable, str(folder / "bootstrap.py"), "setup"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_set_up_works_once_then_starts_at_once_and_names_a_missing_network(copy: Path) -> None:
    first = set_up(copy)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Installing the locked packages" in first.stdout

    start = time.monotonic()
    second = set_up(copy)
    assert second.returncode == 0
    assert "Installing" not in second.stdout
    assert time.monotonic() - start < 2.0

    (copy / "requirements.lock").write_text("negatoscope-none==1.0\n", encoding="utf-8")
    third = set_up(copy)
    assert third.returncode == 1
    assert "package index cannot be reached" in third.stdout
    assert "Traceback" not in third.stdout + third.stderr
    fourth = set_up(copy)
    assert fourth.returncode == 1, "a failed set-up must not count as done"


def test_optional_packages_are_installed_once_and_may_be_missing(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp = copy / "stamp.json"
    stamp.write_text('{"lock": "this one"}', encoding="utf-8")
    for name, value in {"VENV": copy, "STAMP": stamp, "OPTIONAL": copy / "requirements-optional.lock"}.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    bootstrap.install_optional()
    bootstrap.install_optional()
    assert capsys.readouterr().out.count("Installing") == 1
    assert json.loads(stamp.read_text(encoding="utf-8"))["lock"] == "this one"

    (copy / "requirements-optional.lock").write_text("negatoscope-none==1.0\n", encoding="utf-8")
    bootstrap.install_optional()
    assert "their tests are skipped" in capsys.readouterr().out
    bootstrap.install_optional()
    assert "their tests are skipped" in capsys.readouterr().out, "a failed one must not count as done"


@pytest.mark.skipif(os.name == "nt", reason="the npm of this test is a shell script")
def test_the_linter_of_workflows_is_fetched_once_and_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "LINT", tmp_path / "lint")
    monkeypatch.setenv("PATH", str(tmp_path))
    bootstrap.install_linter()
    assert not (tmp_path / "lint").exists(), "without npm there is nothing to do"
    npm = tmp_path / "npm"
    for script, says in (("exit 1", 1), ('/bin/mkdir "$3/node_modules"; echo >>"$3/../calls"', 0), ("exit 1", 0)):
        npm.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        npm.chmod(0o755)
        bootstrap.install_linter()
        assert capsys.readouterr().out.count("its test is skipped") == says
    assert (tmp_path / "calls").read_text(encoding="utf-8") == "\n"
