"""The command line that re-makes a bundled model."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

# A spinning OpenMP thread starves the decoder's threads; it has to be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from imaging.paths import resource_path, user_data_dir
from training.bundled.pneumonia import make_pneumonia, reseal_pneumonia
from training.bundled.practice import make_practice, reseal_practice


def main() -> None:
    """Parse the command and make the model."""
    parser = argparse.ArgumentParser(prog="python -m training.bundled", description="Re-make a bundled model.")
    parser.add_argument("--models", type=Path, default=resource_path("models"), help="where the bundle is written")
    commands = parser.add_subparsers(dest="model", required=True)
    practice = commands.add_parser("practice", help="the tiny network on synthetic films (a quarter of an hour)")
    pneumonia = commands.add_parser("pneumonia", help="MobileNetV2 on kermany224 (an hour on two cores)")
    pneumonia.add_argument("--data", type=Path, required=True, help="the folder with train/ and val/")
    pneumonia.add_argument("--run", type=Path, help="the run's folder; where a run was broken off there, it goes on")
    weights = pneumonia.add_mutually_exclusive_group()
    weights.add_argument(
        "--weights",
        type=Path,
        help="mobilenet_v2_imagenet.safetensors, to train from; without it the present model is trained further",
    )
    pneumonia.add_argument("--keep-out", type=Path, required=True, help="class folders whose patients are left out")
    for group in (weights, practice):
        group.add_argument("--reseal", action="store_true", help="keep the weights; count everything on the card anew")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    match options.model, options.reseal:
        case "practice", False:
            make_practice(options.models)
        case "practice", True:
            reseal_practice(options.models)
        case "pneumonia", False:
            run = options.run or user_data_dir() / "runs" / "bundled-pneumonia"
            make_pneumonia(options.data, options.weights, options.keep_out, options.models, run)
        case _:
            reseal_pneumonia(options.data, options.keep_out, options.models)


if __name__ == "__main__":
    main()
