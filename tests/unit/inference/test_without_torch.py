"""ONNX Runtime works alone: torch costs seconds and hundreds of megabytes, and its import holds up the window.

The viewer flavour of the frozen program has no torch at all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from imaging.paths import resource_path
from imaging.phantom_files import write_examples
from imaging.release import NO_TRAINING
from tests.bundles import write_trial_bundle

SCRIPT = """
import sys
from pathlib import Path
from imaging.progress import CancelToken
from imaging.study import ImageRef
from inference.engines.device import choose_engine
from inference.bundles.models_dir import find
from inference.scoring.pipeline import Analyser

bundle = find(sys.argv[1])
analyser = Analyser(bundle, choose_engine(bundle, "onnx", "cpu"))
result = analyser.analyse(ImageRef(Path(sys.argv[2])), CancelToken())
assert result.engine == "onnx-cpu" and result.findings
heavy = {"torch", "torchvision"} & set(sys.modules)
assert not heavy, heavy
"""

# An environment in which nobody finds torch, as in the viewer flavour.
VIEWER = """
import io, sys
for name in ("torch", "torchvision"):
    sys.modules[name] = None
import pytest
import main
from imaging.errors import NegatoscopeError
from imaging.release import NO_TRAINING
from inference.engines import device
from inference.bundles.models_dir import find
from inference.engines.torch_first import has_torch

assert not has_torch()
device._cuda_driver_sees_gpu = lambda: True  # a machine with a GPU
assert device.find_gpu() == device.Gpu(None, "a GPU is used through PyTorch, which this flavour does not carry")
bundle = find("practice")
with pytest.raises(NegatoscopeError, match="does not carry"):
    device.choose_engine(bundle, "torch")
assert device.choose_engine(bundle).name == "onnx-cpu"
assert main.main(["models", "verify", "practice"]) == 0
assert main.main(["train", "--run", sys.argv[1]]) == 2
"""


def test_a_film_is_analysed_on_the_cpu_without_torch(tmp_path: Path) -> None:
    bundle = write_trial_bundle(tmp_path / "trial@1")
    write_examples(tmp_path / "films", 1, size_px=(128, 128))
    (film,) = [path for path in (tmp_path / "films").iterdir() if path.suffix in (".dcm", ".png")]
    root = resource_path().parent
    subprocess.run([sys.executable, "-c", SCRIPT, bundle.location, film], check=True, timeout=300, cwd=root)


def test_without_torch_models_are_verified_and_training_says_how_to_get_it(tmp_path: Path) -> None:
    root = resource_path().parent
    command = [sys.executable, "-c", VIEWER, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    assert "its graph runs; it was not held against its weights" in done.stdout
    assert NO_TRAINING in done.stderr
    assert not (tmp_path / "run").exists()
