"""One door to every heat map: Grad-CAM, HiResCAM and occlusion of one film, with the scale on which each is painted.

Grad-CAM (Selvaraju 2017) comes with the scores, for every label at once, and HiResCAM (Draelos and Carin 2020) is in
its units: both are painted on the card's heat scale. HiResCAM weights each cell by its own gradient rather than by the
mean over the cells. Where the head sees an average of the cells the gradient is the same in all of them, so that the
two are one map; only a head that sees each cell by itself (a flattened one) makes a difference.

Occlusion is in units of the logit, which no heat scale of the card knows. Full heat is the way from a probability of
0.01 to 0.99 by the card's calibration: hiding this place alone would take a film that is all but certainly ill to all
but certainly healthy. It is the same for every film, so that a healthy film stays cool.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from imaging.errors import Code, FilmError, NegatoscopeError
from imaging.heatmap import GridRect, Heatmap
from imaging.progress import CancelToken, Progress, no_progress
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import Calibration, ModelCard
from inference.engines.engine import NO_SCORE, Engine, Floats, run_for_film
from inference.engines.torch_first import has_torch
from inference.maps.cells import cells_rect
from inference.maps.occlusion import occlusion_map
from inference.networks.backbones import BACKBONES
from inference.scoring.preprocess import Grey, to_input
from inference.scoring.scores import logit_index

Method = Literal["grad_cam", "hires_cam", "occlusion"]
SURE = 0.99  # the probability at one end of the occlusion's scale; 1 - SURE is the other
_LEAST_SCALE = 1e-3
_WHOLE_FILM = GridRect()


def methods(card: ModelCard) -> tuple[Method, ...]:
    """The methods that show something of their own for a model, the quickest first."""
    sees_cells = BACKBONES[card.backbone].pooling == "flatten"
    return ("grad_cam", "hires_cam", "occlusion") if sees_cells else ("grad_cam", "occlusion")


def explain(
    bundle: ModelBundle,
    engine: Engine,
    grey: Grey,
    label: str,
    method: Method,
    *,
    token: CancelToken,
    progress: Progress = no_progress,
    rect: GridRect = _WHOLE_FILM,
) -> Heatmap:
    """The map of one finding on one film by one method, raw, with its scale.

    `grey` is the network's view, uint8 [S, S], and `rect` the part of the film that it covers. Progress counts network
    runs. Raises FilmError where the network gives no number, and Cancelled.
    """
    token.check()
    index = logit_index(bundle.card, label)
    if method == "occlusion":
        raw = occlusion_map(engine, grey, index, token=token, progress=progress)
        return Heatmap(label, raw, occlusion_scale(bundle.card.calibration[label]), rect)
    film = to_input(grey[np.newaxis])
    if method == "hires_cam":
        raw = _hires_map(bundle, film, index)
    else:
        raw = run_for_film(engine, film).class_maps[0, index].copy()
    progress(1, 1)
    return Heatmap(
        label, raw, bundle.card.heat_scale[label], rect, cells_rect(bundle.card, (raw.shape[0], raw.shape[1]))
    )


def occlusion_scale(calibration: Calibration) -> float:
    """The logits between probabilities of 1 - SURE and SURE; of a curve that does not reach them, all it has."""
    if not calibration.curve:
        return 2.0 * abs(calibration.temperature) * math.log(SURE / (1.0 - SURE))
    logits, shares = np.array(calibration.curve, dtype=np.float64).T
    low = logits[shares <= 1.0 - SURE].max(initial=logits[0])
    high = logits[shares >= SURE].min(initial=logits[-1])
    return max(float(high - low), _LEAST_SCALE)


def _hires_map(bundle: ModelBundle, film: Floats, index: int) -> Floats:
    """HiResCAM by the gradient of the head, float32 [h, w]: by PyTorch on the CPU, whatever the engine."""
    if not has_torch():
        raise NegatoscopeError("HiResCAM is worked out by PyTorch, which this flavour does not carry.")
    from inference.engines.torch_engine import load_network
    from inference.maps.cam import hires_maps

    raw: Floats = hires_maps(load_network(bundle), film)[0, index].astype(np.float32)
    if not np.isfinite(raw).all():
        raise FilmError(Code.ANALYSIS_FAILED, NO_SCORE)
    return raw
