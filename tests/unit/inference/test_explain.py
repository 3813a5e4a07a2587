from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from imaging.heatmap import GridRect
from imaging.progress import Cancelled, CancelToken
from inference.bundles.bundle import ModelBundle
from inference.bundles.card import Calibration, CurvePoint
from inference.engines.device import choose_engine
from inference.engines.engine import Engine, Floats
from inference.engines.torch_engine import load_network
from inference.maps.explain import explain, methods, occlusion_scale
from inference.maps.occlusion import USUAL
from inference.networks.backbones import BACKBONES
from inference.networks.head_spec import LINEAR
from inference.scoring.preprocess import Grey, to_input
from inference.scoring.scores import calibrated
from tests.bundles import SIZE_PX, write_trial_bundle
from tests.networks import card_for


@pytest.fixture(scope="module")
def engine(multi_bundle: ModelBundle) -> Engine:
    return choose_engine(multi_bundle, "onnx", "cpu", threads=1)


@pytest.fixture(scope="module")
def grey(films: Floats) -> Grey:
    return np.asarray(np.rint(255 * films[2, 0]), np.uint8)


def test_grad_cam_is_what_comes_with_the_scores(
    multi_bundle: ModelBundle, engine: Engine, films: Floats, grey: Grey
) -> None:
    rect = GridRect(0.0, -0.5, 1.0, 2.0)
    shown = explain(multi_bundle, engine, grey, "MASS", "grad_cam", token=CancelToken(), rect=rect)
    assert np.array_equal(shown.raw, engine.run(films[2:3]).class_maps[0, 1])
    assert (shown.label, shown.scale, shown.rect) == ("MASS", multi_bundle.card.heat_scale["MASS"], rect)


def test_occlusion_is_painted_on_a_scale_of_its_own(multi_bundle: ModelBundle, engine: Engine, grey: Grey) -> None:
    told: list[int] = []

    def tell(done: int, total: int | None = None) -> None:
        told.append(total or 0)

    shown = explain(multi_bundle, engine, grey, "NODULE", "occlusion", token=CancelToken(), progress=tell)
    assert shown.raw.shape == (USUAL.cells, USUAL.cells)
    assert shown.scale == pytest.approx(2 * math.log(99))
    assert set(told) == {USUAL.runs}


def test_the_scale_of_occlusion_is_the_way_from_surely_healthy_to_surely_ill() -> None:
    platt = Calibration(temperature=0.5, bias=0.7)
    middle = -platt.bias
    ends = np.array([middle - occlusion_scale(platt) / 2, middle + occlusion_scale(platt) / 2])
    assert calibrated(ends, platt).tolist() == pytest.approx([0.01, 0.99])
    curve = (
        CurvePoint(-4.0, 0.0),
        CurvePoint(-2.0, 0.01),
        CurvePoint(0.0, 0.5),
        CurvePoint(3.0, 0.995),
        CurvePoint(5.0, 1.0),
    )
    assert occlusion_scale(Calibration(curve=curve)) == pytest.approx(5.0)
    short = (CurvePoint(-1.0, 0.2), CurvePoint(2.0, 0.8))
    assert occlusion_scale(Calibration(curve=short)) == pytest.approx(3.0)


def test_a_cancelled_map_never_starts(multi_bundle: ModelBundle, engine: Engine, grey: Grey) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        explain(multi_bundle, engine, grey, "MASS", "grad_cam", token=token)


def test_hires_cam_is_offered_only_where_it_differs(multi_bundle: ModelBundle) -> None:
    assert methods(multi_bundle.card) == ("grad_cam", "occlusion")


def test_hires_cam_of_a_flattened_head_goes_cell_by_cell(tmp_path: Path) -> None:
    card = card_for(BACKBONES["sequential_cnn"], LINEAR, SIZE_PX)
    bundle = write_trial_bundle(tmp_path / "flat@1", card)
    engine = choose_engine(bundle, "onnx", "cpu", threads=1)
    grey = np.random.default_rng(3).integers(0, 256, (SIZE_PX, SIZE_PX), np.uint8)
    assert methods(card) == ("grad_cam", "hires_cam", "occlusion")
    grad, hires = (explain(bundle, engine, grey, "MASS", kind, token=CancelToken()) for kind in methods(card)[:2])
    assert hires.raw.dtype == np.float32
    assert hires.raw.shape == grad.raw.shape
    assert (hires.scale, hires.cells) == (grad.scale, grad.cells)
    logit = engine.run(to_input(grey[np.newaxis])).logits[0, 1] - load_network(bundle).state_dict()["head.bias"][1]
    assert float(hires.raw.sum()) == pytest.approx(float(logit), abs=1e-4)
    assert float(grad.raw.sum()) != pytest.approx(float(logit), abs=1e-3)
