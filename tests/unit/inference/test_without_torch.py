"""ONNX Runtime works alone: torch costs seconds and hundreds of megabytes, and its import holds up the window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from imaging.paths import resource_path
from imaging.phantom_files import write_examples
from tests.bundles import write_trial_bundle

SCRIPT = """
import sys
from pathlib import Path
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.device import choose_engine
from inference.models_dir import find
from inference.pipeline import Analyser

bundle = find(sys.argv[1])
analyser = Analyser(bundle, choose_engine(bundle, "onnx", "cpu"))
result = analyser.analyse(ImageRef(Path(sys.argv[2])), CancelToken())
assert result.engine == "onnx-cpu" and result.findings
heavy = {"torch", "torchvision"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_film_is_analysed_on_the_cpu_without_torch(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    write_examples(tmp_path / "films", 1, size_px=(128, 128))
    (film,) = [path for path in (tmp_path / "films").iterdir() if path.suffix in (".dcm", ".png")]
    root = resource_path().parent
    subprocess.run([sys.executable, "-c", SCRIPT, bundle.location, film], check=True, timeout=300, cwd=root)
