"""`main.py train --find-rate`: the curve of the learning-rate finder in lines, and what to set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from training.learn.rate_finder import RateCurve
    from training.plan import TrainingPlan

_WIDTH = 50  # letters of the longest bar
_EVERY = 5  # steps between two lines


def show_rate(plan: TrainingPlan, out: TextIO, *, download: bool) -> None:
    """Try rates with a plan's films and print what happened. No run is begun. Raises NegatoscopeError, Cancelled."""
    import torch

    from imaging.progress import CancelToken
    from inference.networks.network import build_network
    from training.films.prepare import prepare
    from training.learn.rate_finder import find_rate
    from training.running.worker import choice_of
    from training.weights.start_weights import start

    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    token = CancelToken()
    prepared = prepare(plan, token, lambda words: None)
    torch.manual_seed(plan.seed)
    network = build_network(plan.network.backbone, prepared.outputs, plan.preprocess, plan.network.head)
    start(network, choice_of(plan, download=download), token=token)
    curve = find_rate(network, plan, prepared.material(prepared.split.train), token)
    out.write(curve_text(plan, curve))


def curve_text(plan: TrainingPlan, curve: RateCurve) -> str:
    """A line for every fifth rate, with a bar as long as its loss, and the suggestion as `--set` takes it."""
    learning = plan.learning
    lines = [f"{'rate':>10} {'head rate':>10} {'loss':>8}"]
    finite = [trial.loss for trial in curve.tried if math.isfinite(trial.loss)]
    most = max(finite, default=1.0) or 1.0
    for share, loss in curve.tried[::_EVERY]:
        bar = "#" * round(_WIDTH * min(loss / most, 1.0)) if math.isfinite(loss) else "lost"
        lines.append(f"{share * learning.rate:10.2e} {share * learning.head_rate:10.2e} {loss:8.4f} {bar}")
    if curve.share is None:
        lines.append("The loss fell at no rate: nothing is suggested.")
    else:
        rate, head_rate = f"{curve.share * learning.rate:.1e}", f"{curve.share * learning.head_rate:.1e}"
        lines.append("The loss falls most steeply at these rates:")
        lines.append(f"--set learning.rate={rate} --set learning.head_rate={head_rate}")
    return "\n".join(lines) + "\n"
