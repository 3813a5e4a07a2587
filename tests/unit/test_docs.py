"""What the documents for the next engineer name is there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/extending.md", "docs/release.md")
NAMED = re.compile(r"`([\w./*-]+/[\w.*-]+|[\w-]+\.(?:md|py|toml|lock))`")
LINKED = re.compile(r"\]\(([^)#]+)\)")
SOON = ("docs/shipping.md",)  # named before it is written
MADE = ("dist/", "demo/", ".venv/")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for file in {*NAMED.findall(text), *LINKED.findall(text)}:
        if file in SOON or file.startswith(MADE):
            continue
        near = any((ROOT / place).glob(file) for place in (".", "docs", "gui", "inference", "imaging", "training"))
        assert near or list(ROOT.glob(f"tests/**/{file}")), f"{name} names {file}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_module_and_script_that_is_called_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for module in re.findall(r"python3? -m ((?:tests|training|packaging)[\w.]+)", text):
        assert importlib.util.find_spec(module), module
    for script in re.findall(r"python3? ((?:packaging/)?\w+\.py)", text):
        assert (ROOT / script).is_file(), script
