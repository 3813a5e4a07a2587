"""The only module that imports ONNX Runtime: since 1.29 its official builds send notes of their use to their maker,
names of models among them, unless they are told not to before they load (docs/Privacy.md of ONNX Runtime).
"""

from __future__ import annotations

import os
from typing import Any

# Read once, when the library loads: then neither an upload nor an identifier below ~/.cache/Microsoft. Windows knows no
# such variable.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

onnxruntime.disable_telemetry_events()  # on Windows, where the system collects

__all__ = ["onnxruntime", "quantisation_modules"]


def quantisation_modules() -> tuple[Any, Any]:
    """ONNX Runtime's `quantization` and the `quant_utils` below it. The viewer flavour has neither."""
    from onnxruntime import quantization
    from onnxruntime.quantization import quant_utils

    return quantization, quant_utils
