"""What freezes the program: what is left out, what takes its place, and how two builds are compared."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from contents import contents, differences
from deb import SCRIPTS, lay_out, package_name
from empty_libs import empty_libraries
from flavours import FLAVOURS, VERSION, codecs, is_left_out
from icons import write_icons
from imaging.release import VERSION as PROGRAM_VERSION
from installer import compile_installer, stand_in
from licences import collect_licences
from macos.info import INFO
from slim import is_aligned, needed, orphans, strip
from windows_version import version_text

ROOT = Path(__file__).parents[2]
SITE = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF libraries")
compiles = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")

# What of OpenCV the program calls. None of these reaches LAPACK or FFmpeg, which the frozen program has empty
# twins of on Linux; `gemm` goes to numpy's OpenBLAS. Whoever adds a name looks whether that stays true.
OPENCV = """
    GaussianBlur Sobel add approxPolyDP blur calcHist cartToPolar connectedComponents convertScaleAbs copyMakeBorder
    createCLAHE dilate distanceTransform ellipse equalizeHist fillPoly filter2D findContours gemm getStructuringElement
    imencode line magnitude mean morphologyEx multiply polylines putText rectangle remap resize warpAffine
"""


@pytest.mark.parametrize(
    ("place", "outside"),
    [
        ("torch/include/ATen/core/Tensor.h", True),
        ("torch/bin/torch_shm_manager", False),
        ("torch/bin/protoc", True),
        ("torch/_inductor/config.py", False),  # torch reads its own comments
        ("torch/_inductor/codecache.py", True),
        ("torch/functional.py", False),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqvnc.so", True),
        ("PySide6\\plugins\\platforms\\qwindows.dll", False),
        ("PySide6\\Qt6Quick.dll", True),
        ("resources/models/practice@1/graph.onnx", False),
        ("torch-2.13.0.dist-info/licenses/third_party/a/LICENSE", True),  # its twin lies in `licences`
        ("torch-2.13.0.dist-info/METADATA", False),
    ],
)
def test_a_file_is_left_out_by_its_place(place: str, outside: bool) -> None:
    assert is_left_out(place, without_operators=False) == outside


def test_torchvisions_operators_stay_where_they_load() -> None:
    assert not is_left_out("torchvision/_C.so", without_operators=False)
    assert is_left_out("torchvision/_C.so", without_operators=True)


def test_the_viewer_leaves_torch_out_and_the_others_do_not() -> None:
    assert {name for name, flavour in FLAVOURS.items() if "torch" in flavour.excluded} == {"viewer"}


def test_a_library_goes_with_the_last_that_needed_it() -> None:
    linked = {
        "plugin": frozenset({"gtk", "core"}),
        "gtk": frozenset({"pango", "core"}),
        "pango": frozenset({"glib"}),
        "app": frozenset({"core"}),
        "core": frozenset({"glib"}),
        "glib": frozenset(),
        "loaded by name": frozenset(),
    }
    assert orphans(linked, {"plugin"}) == {"gtk", "pango"}
    assert orphans(linked, {"plugin", "app"}) == {"gtk", "pango", "core", "glib"}


@linux
@compiles
def test_stripped_libraries_still_load(tmp_path: Path) -> None:
    source = tmp_path / "answer.c"
    source.write_text("int answer(void) { return 42; }\nchar room[200000] = {1};\n")
    library = tmp_path / "libanswer.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-g", "-o", library, source, "-lm", "-Wl,--no-as-needed"], check=True)
    before = library.stat().st_size
    (tmp_path / "link.so").symlink_to(library.name)
    assert strip(tmp_path) == before - library.stat().st_size > 0
    assert is_aligned(library)
    assert "libc.so.6" in needed(library)
    assert ctypes.CDLL(str(library)).answer() == 42


@linux
@compiles
def test_a_twin_has_the_functions_and_versions_that_are_asked_for(tmp_path: Path) -> None:
    """A program linked against a library runs with its empty twin as long as it does not call it."""
    original, twins = tmp_path / "wheel.libs", tmp_path / "twins"
    original.mkdir()
    name = "libavcodec-1234.so.62"
    (tmp_path / "a.c").write_text("int used(void) { return 7; } int unused(void) { return 8; }")
    (tmp_path / "versions").write_text("LIBAVCODEC_62 { global: used; unused; };")
    build = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", f"-Wl,--version-script={tmp_path / 'versions'}"]
    subprocess.run([*build, "-o", str(original / name), str(tmp_path / "a.c")], check=True)
    (tmp_path / "user.c").write_text("int used(void); int call(void) { return used(); } int other(void) { return 1; }")
    user = tmp_path / "libuser.so"
    link = ["-o", str(user), str(tmp_path / "user.c"), f"-L{original}", f"-l:{name}", f"-Wl,-rpath,{twins}"]
    subprocess.run(["cc", "-shared", "-fPIC", *link], check=True)
    made = empty_libraries(user, original, Path(), twins)
    assert set(made) == {name}
    code = f"import ctypes; library = ctypes.CDLL({str(user)!r}); assert library.other() == 1; library.call()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("libavcodec is not part of Negatoscope.")


def test_nothing_of_opencv_is_called_that_was_not_looked_through() -> None:
    called: set[str] = set()
    for room in ("imaging", "inference", "training", "gui"):
        for path in (ROOT / room).rglob("*.py"):
            called |= set(re.findall(r"\bcv2\.([a-zA-Z]*[a-z]\w*)", path.read_text(encoding="utf-8")))
    assert called - {"error"} == set(OPENCV.split()), "a new one: does it reach LAPACK or FFmpeg? then to the list"


def test_the_codecs_that_are_called_are_frozen() -> None:
    """By the name of their module, which is loaded at the first call."""
    found = codecs()
    assert {"_imcd", "_jpeg8", "_jpegxl", "_jpegls", "_shared"} <= set(found)
    assert len(found) < 20
    assert all(importlib.util.find_spec(f"imagecodecs.{name}") for name in found)


def test_licences_are_copied_and_listed(tmp_path: Path) -> None:
    sources = [SITE / "numpy" / "__init__.py", SITE / "platformdirs" / "__init__.py"]
    if not all(source.exists() for source in sources):
        pytest.skip("site-packages lies elsewhere")
    assert collect_licences(sources, tmp_path) == []
    listed = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "numpy 2" in listed
    assert "platformdirs" in listed
    assert "scipy" not in listed
    assert any((tmp_path / "numpy").iterdir())
    assert any((tmp_path / "Python").iterdir())


def test_builds_are_compared_by_what_they_hold(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "inside").mkdir(parents=True)
        (tmp_path / name / "inside" / "file").write_text("the same")
        (tmp_path / name / "link").symlink_to("inside/file")
    one, other = (contents(tmp_path / name) for name in ("one", "other"))
    assert differences(one, other) == []
    assert one["link"] == "-> inside/file"
    (tmp_path / "other" / "inside" / "file").write_text("another")
    (tmp_path / "other" / "more").write_text("")
    assert differences(one, contents(tmp_path / "other")) == ["inside/file", "more"]


@pytest.mark.skipif(not (shutil.which("makensis") and shutil.which("7z")), reason="needs nsis and p7zip-full")
def test_the_windows_installer_compiles_and_holds_the_folder(tmp_path: Path) -> None:
    write_icons(tmp_path)
    setup = tmp_path / "Negatoscope-setup.exe"
    compile_installer(stand_in(tmp_path / "payload"), tmp_path / "negatoscope.ico", setup)
    listed = subprocess.run(["7z", "l", "-slt", setup], capture_output=True, text=True, check=True).stdout
    held = {line.removeprefix("Path = ").replace("\\", "/") for line in listed.splitlines() if "Path = " in line}
    places = ("Negatoscope.exe", "negatoscope-cli.exe", "licences/README.txt", "_internal/resources/release.json")
    assert held >= {f"incoming/{place}" for place in places} | {"uninstall.exe"}


def test_the_app_of_macos_has_a_window_though_its_folder_holds_a_console_program() -> None:
    """PyInstaller hides the whole app where the last executable that it collects has a console."""
    assert INFO["LSBackgroundOnly"] is False


def test_icons_are_drawn_for_all_three_systems(tmp_path: Path) -> None:
    write_icons(tmp_path)
    with Image.open(tmp_path / "negatoscope.ico") as ico, Image.open(tmp_path / "negatoscope.icns") as icns:
        assert max(ico.info["sizes"]) == (256, 256)
        assert icns.size >= (512, 512)
    with Image.open(tmp_path / "icon-48.png") as small:
        assert small.size == (48, 48)
        assert small.getpixel((0, 0))[3] == 0  # type: ignore[index]  # the corners are round


@linux
@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg")
def test_the_package_of_a_flavour_has_its_own_names(tmp_path: Path) -> None:
    folder, tree = stand_in(tmp_path / "Negatoscope"), tmp_path / "tree"
    write_icons(tmp_path)
    name = package_name("viewer")
    lay_out(folder, tmp_path, tree, name)
    control = (tree / "DEBIAN" / "control").read_text(encoding="utf-8")
    assert f"Package: negatoscope-viewer\nVersion: {VERSION}\n" in control
    assert "@" not in control.replace("@localhost", "")
    assert (tree / "usr" / "bin" / name).readlink() == Path(f"/opt/{name}/negatoscope-cli")
    entry = (tree / "usr" / "share" / "applications" / f"{name}.desktop").read_text(encoding="utf-8")
    assert f"Exec=/opt/{name}/Negatoscope %F" in entry
    assert "MimeType=application/dicom;" in entry
    for script in SCRIPTS:
        subprocess.run(["sh", "-n", tree / "DEBIAN" / script], check=True)
    assert package_name("cpu") == "negatoscope"


def test_one_version_is_written_in_two_places() -> None:
    assert VERSION == PROGRAM_VERSION
    assert f"filevers=({VERSION.replace('.', ', ')}, 0)" in version_text()


def test_the_frozen_opencv_is_the_locked_one() -> None:
    def pin(lock: Path, name: str) -> str:
        (version,) = re.findall(rf"^{name}==(\S+)$", lock.read_text(encoding="utf-8"), re.MULTILINE)
        return str(version)

    locked = pin(ROOT / "requirements.lock", "opencv-python")
    assert pin(ROOT / "packaging" / "linux.lock", "opencv-python-headless") == locked
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"] == "negatoscope"
