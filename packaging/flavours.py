"""The flavours that the program is frozen in, and what each of them leaves out. Read by build.py and by the spec."""

from __future__ import annotations

import importlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@dataclass(frozen=True, slots=True)
class Flavour:
    """`most_mb` is what it may weigh unpacked in megabytes, None where its size is only written down.

    `excluded`: modules that are not collected, whoever asks for them.
    """

    name: str
    most_mb: int | None
    excluded: tuple[str, ...] = ()


# Tools of development, toolkits that a library would use if they happened to be installed, and parts of torch that
# need a compiler on the user's machine. What training, sealing and verifying import was listed from sys.modules.
_NEVER = (
    "matplotlib", "tkinter", "IPython", "pytest", "_pytest", "hypothesis", "mypy", "ruff", "importlinter", "grimp",
    "pip", "rich", "pygments", "setuptools", "pkg_resources", "tensorboard", "caffe2", "gdcm", "pandas", "openvino",
    "torch.utils.tensorboard", "torch.test", "torch._inductor.codegen", "torch._inductor.fx_passes",
    "torch._inductor.kernel", "torch.utils.benchmark", "networkx", "jinja2", "onnx.backend",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtPdf", "PySide6.QtPdfWidgets",
    "PySide6.QtNetwork", "PySide6.QtOpenGL", "PIL._avif", "PIL._webp", "PIL._imagingcms",
    "PIL._imagingtk", "PIL.ImageTk", "PIL.AvifImagePlugin", "PIL.WebPImagePlugin",
)  # fmt: skip
_TORCH = (
    "torch", "torchvision", "torchgen", "functorch", "sympy", "mpmath", "sklearn", "scipy", "joblib", "narwhals",
    "threadpoolctl", "fsspec", "filelock", "safetensors.torch", "onnxruntime.quantization",
    "onnxruntime.transformers", "onnx.reference", "numpy.f2py",
)  # fmt: skip

FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("cpu", 900, _NEVER),
        Flavour("cuda", None, _NEVER),
        Flavour("viewer", 350, _NEVER + _TORCH),
    )
}

_CODEC = re.compile(r"imagecodecs\.(\w+_decode)\b")


def codecs() -> tuple[str, ...]:
    """Of imagecodecs' sixty modules the ones with the functions that `imaging` calls, and what they stand on."""
    functions_of = importlib.import_module("imagecodecs.imagecodecs")._MODULES

    texts = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "imaging").rglob("*.py")))
    called = {name for text in texts for name in _CODEC.findall(text)}
    modules = {module for module, names in functions_of.items() if module and called & set(names)}
    return ("_shared", "_shared_cython", *sorted(modules))


# Files that no path of the program reaches, by their place in the folder. torch_shm_manager must stay (torch looks for
# it when it is imported), and so must torch/testing/_internal (torch.autograd.gradcheck imports it). torch reads the
# sources of its configs and of what it compiles for itself; those of the folders below it never asks for.
_LEFT_OUT = re.compile(
    r"torch/test/|torch/include/|torch/share/|torch/bin/(?!torch_shm_manager)|.*\.(a|lib|pdb|pyi)$"
    r"|torch/(_inductor|_dynamo|testing|distributed|ao|fx|_functorch|_refs|_decomp|_prims|export|_export|utils"
    r"|distributions|onnx/_internal|_vendor|_higher_order_ops|_subclasses|profiler|package|quantization|nested|masked)"
    r"/(?!.*config\.py$).*\.py$"
    r"|torch/lib/(libbackend_with_compiler|libjitbackend_test|libtorchbind_test|libaoti_custom_ops)"
    r"|PySide6/(Qt/)?(qml|translations|metatypes)/"
    r"|PySide6/(Qt/)?(lib/|bin/)?(lib)?Qt6(Quick|Qml|Pdf|VirtualKeyboard|Wayland|WlShell|Designer|Labs|Network\b|EglFs)"
    r"[^/]*$"
    r"|PySide6/(Qt/)?plugins/(qmltooling|qmllint|wayland[^/]*|platforminputcontexts/[^/]*virtualkeyboard[^/]*"
    r"|platforms/(?!.*(xcb|offscreen|minimal\.|windows|cocoa))[^/]*|imageformats/(?!.*(svg|jpeg|ico|gif))[^/]*|designer"
    r"|networkinformation|tls|egldeviceintegrations|generic|platformthemes/[^/]*gtk3|tuiotouch)"
    r"|cv2/(qt|data)/|cv2/opencv_videoio|matplotlib/|pydicom/data/(test_files|charset_files)/"
    r"|sklearn/datasets/(data|images|descr)/|onnx/backend/|scipy/io/_fast_matrix_market/|.*/tests/"
    r"|numpy/(_core/include|f2py)/|onnxruntime/(tools|datasets)/|python3\.11/config-|.*\.dist-info/(sboms|RECORD)"
    # Twins of those in `licences`, at places that are too long for Windows below a folder with a longer name.
    r"|.*\.dist-info/licenses/"
)
# torchvision's own operators are not called, and beside a CPU build of torch its Linux libraries do not even load.
_OPERATORS = re.compile(r"torchvision/(_C|image)\.so|torchvision\.libs/")


def is_left_out(place: str, *, without_operators: bool) -> bool:
    """Whether a file stays outside, by its place in the frozen folder. Both kinds of slashes."""
    place = place.replace("\\", "/")
    return bool(_LEFT_OUT.match(place) or (without_operators and _OPERATORS.match(place)))
