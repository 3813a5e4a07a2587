"""pytorch-grad-cam as its users run it, in its own process and environment: one call for each line on stdin.

Started by bench_gradcam with the Python of an environment that holds grad-cam, which clashes with opencv-python.
Answers with JSON lines: CPU and wall seconds of the call, the score, and (once asked for) the map.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inference.bundles.bundle import read_bundle
from inference.engines.torch_engine import load_network
from inference.networks.network import FilmNetwork


class Logits(nn.Module):
    """A network as pytorch-grad-cam wants it: the logits alone, and all of its weights trainable."""

    def __init__(self, network: FilmNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, films: Tensor) -> Tensor:
        activation = self.network.features(self.network.normalise(films))
        logits: Tensor = self.network.head(activation.mean(dim=(2, 3)))
        return logits


def main(bundle: Path, films: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    model = Logits(load_network(read_bundle(bundle)))
    film = torch.from_numpy(np.load(films))
    # After the network: its door to torchvision has to be opened before anything else imports that.
    import pytorch_grad_cam  # type: ignore[import-not-found,unused-ignore]
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # type: ignore[import-not-found,unused-ignore]

    say({"version": version("grad-cam"), "torch": torch.__version__})
    with pytorch_grad_cam.GradCAM(model=model, target_layers=[model.network.features]) as cam:
        for line in sys.stdin:
            wall, cpu = time.perf_counter(), time.process_time()
            shown = cam(input_tensor=film, targets=[ClassifierOutputTarget(0)])
            score = float(cam.outputs[0, 0].detach())
            answer = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, "score": score}
            say(answer | ({"map": shown[0].tolist()} if line.strip() == "map" else {}))


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
