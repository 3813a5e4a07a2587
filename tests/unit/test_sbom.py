"""The bill of materials: whole, the same every time, and with no licence that is not allowed."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sbom

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return sbom.bill()


def test_every_pin_of_the_lock_stands_in_it_once(bill: dict[str, Any]) -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {line.split(";")[0].strip() for line in lines if line and not line.startswith("#")}
    listed = [f"{component['name']}=={component['version']}" for component in bill["components"]]
    assert locked <= set(listed)
    assert len(listed) == len(set(listed))


def test_what_only_tests_need_is_not_called_shipped(bill: dict[str, Any]) -> None:
    scopes = {component["name"]: component["scope"] for component in bill["components"]}
    assert (scopes["torch"], scopes["pytest"], scopes["pyinstaller"]) == ("required", "excluded", "excluded")
    assert (scopes["openvino"], scopes["markdown-it-py"]) == ("optional", "required")


def test_it_has_the_form_of_cyclonedx(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    for component in bill["components"]:
        assert re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[\w.]+", component["purl"])
        assert component["licenses"][0]["expression"]


def test_the_command_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        subprocess.run([sys.executable, sbom.__file__, "--out", str(tmp_path / name)], check=True)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert json.loads((tmp_path / "one.json").read_text())["components"]


def test_every_licence_is_known_and_allowed() -> None:
    assert sbom.faults() == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT AND Zlib", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-only", False),
    ],
)
def test_a_choice_is_enough_and_a_part_is_not(licence: str, allowed: bool) -> None:
    assert sbom.is_allowed(licence, sbom.ALLOWED) is allowed


def test_the_table_says_what_the_installed_packages_say() -> None:
    table = sbom.licences()
    for pin in sbom.pins():
        try:
            said = importlib.metadata.metadata(pin.name).json.get("license_expression")
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system
        assert said in (None, table[pin.name]), pin.name
