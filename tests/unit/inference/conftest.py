from __future__ import annotations

import numpy as np
import pytest

from inference.bundles.bundle import ModelBundle
from inference.engines.engine import Floats
from inference.scoring.preprocess import to_input
from tests.bundles import SIZE_PX, multi_label_card, write_trial_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """One logit, one finding. Never changed by a test: copy it to damage it."""
    return write_trial_bundle(tmp_path_factory.mktemp("bundle") / "trial@1")


@pytest.fixture(scope="session")
def multi_bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """Three independent findings."""
    return write_trial_bundle(tmp_path_factory.mktemp("bundle") / "trial-multi@1", multi_label_card())


@pytest.fixture(scope="session")
def films() -> Floats:
    """Seven films of noise as network input, float32 [7, 1, S, S]."""
    noise = np.random.default_rng(5).integers(0, 256, (7, SIZE_PX, SIZE_PX), dtype=np.uint8)
    return to_input(noise)
