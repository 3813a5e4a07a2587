"""The command line that re-makes a bundled model."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

# A spinning OpenMP thread starves the decoder's threads; it has to be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from imaging.paths import resource_path
from training.bundled.pneumonia import make_pneumonia
from training.bundled.practice import make_practice


def main() -> None:
    """Parse the command and make the model."""
    parser = argparse.ArgumentParser(prog="python -m training.bundled", description="Re-make a bundled model.")
    parser.add_argument("--models", type=Path, default=resource_path("models"), help="where the bundle is written")
    commands = parser.add_subparsers(dest="model", required=True)
    commands.add_parser("practice", help="the tiny network on synthetic films (a quarter of an hour on two cores)")
    pneumonia = commands.add_parser("pneumonia", help="MobileNetV2 on kermany224 (about half an hour on two cores)")
    pneumonia.add_argument("--data", type=Path, required=True, help="the folder with train/ and val/")
    pneumonia.add_argument("--weights", type=Path, required=True, help="mobilenet_v2_imagenet.safetensors")
    pneumonia.add_argument("--keep-out", type=Path, required=True, help="class folders whose patients are left out")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.model == "practice":
        make_practice(options.models)
    else:
        make_pneumonia(options.data, options.weights, options.keep_out, options.models)


if __name__ == "__main__":
    main()
