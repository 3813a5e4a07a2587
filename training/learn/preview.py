"""What augmentation makes of some films, to look at."""

from __future__ import annotations

import numpy as np
import torch

from inference.scoring.preprocess import Grey, to_input
from training.learn.augment import augment
from training.learn.augment_spec import AugmentSpec


def augmented(films: Grey, spec: AugmentSpec, seed: int = 0) -> Grey:
    """Films, uint8 [N, S, S], each changed as one draw of a training batch would change it; likewise."""
    rng = torch.Generator().manual_seed(seed)
    changed = augment(torch.from_numpy(to_input(films)), spec, rng)[:, 0]
    return np.asarray((changed * 255.0).round().to(torch.uint8).numpy(), np.uint8)
