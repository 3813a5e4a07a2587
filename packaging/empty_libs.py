"""Libraries with the names of those that OpenCV's Linux wheel is linked against and the program has no use for.

FFmpeg (video), with what it brings in turn, is 36 MB, an OpenSSL that nobody maintains among them; an
OpenBLAS beside that of numpy is another 41. Without them OpenCV would not load. So the ones it is linked against get
twins of the same names, whose functions end the program with a sentence: nothing calls them, since films are read by
Pillow and the decoders of imaging.read, never by OpenCV. Products of matrices, which are called, go to numpy's OpenBLAS
(ADR 28). A test holds the functions of OpenCV that the program calls against those that were looked through for this.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from slim import readelf

EMPTIED = re.compile(r"lib(avcodec|avformat|avutil|swscale|openblasp)-")
_BESIDE = "$ORIGIN/numpy.libs:$ORIGIN/../numpy.libs"  # wherever PyInstaller lays the twin
_NAME = re.compile(r"\w+")
_PROGRAM = """#include <stdio.h>
#include <stdlib.h>
static void absent(void) {{ fputs("{library} is not part of Negatoscope.\\n", stderr); abort(); }}
{functions}
"""
# CBLAS takes its numbers by value; numpy's OpenBLAS wants them in 64 bits, under names of its own. A complex scale is
# given by its address.
_PRODUCT = """
void scipy_cblas_{kind}gemm64_(int, int, int, long long, long long, long long, {scale}, const void *, long long,
    const void *, long long, {scale}, void *, long long);
void cblas_{kind}gemm(int order, int left, int right, int m, int n, int k, {scale} alpha, const void *a, int lda,
    const void *b, int ldb, {scale} beta, void *c, int ldc) {{
  scipy_cblas_{kind}gemm64_(order, left, right, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}}"""
_SCALES = {"s": "float", "d": "double", "c": "const void *", "z": "const void *"}
_PRODUCTS = {f"cblas_{kind}gemm": _PRODUCT.format(kind=kind, scale=scale) for kind, scale in _SCALES.items()}


def empty_libraries(user: Path, folder: Path, blas: Path, target: Path) -> dict[str, Path]:
    """Write into `target` an empty twin of each library in `folder` that EMPTIED names; returns them by file name.

    `user` is the library that is linked against them: its undefined symbols, with their versions, are the twins'
    functions. `blas` is numpy's OpenBLAS. Raises subprocess.CalledProcessError where there is no C compiler.
    """
    wanted = _undefined(user)
    target.mkdir(parents=True, exist_ok=True)
    made = {}
    for library in sorted(folder.glob("*.so*")):
        if EMPTIED.match(library.name):
            made[library.name] = _compile(library.name, wanted, _defined(library), blas, target)
    return made


def _undefined(library: Path) -> dict[str, str]:
    """Undefined functions by name, each with the version that is asked for ('' without one)."""
    found = {}
    for line in _symbols(library):
        columns = line.split()
        if len(columns) >= 8 and columns[6] == "UND" and columns[3] in ("FUNC", "NOTYPE"):
            name, _, version = columns[7].partition("@")
            found[name] = version.lstrip("@")
    return found


def _defined(library: Path) -> set[str]:
    rows = (line.split() for line in _symbols(library))
    return {row[7].partition("@")[0] for row in rows if len(row) >= 8 and row[6] not in ("UND", "Ndx")}


def _symbols(library: Path) -> list[str]:
    return [line for line in readelf("--dyn-syms", library).splitlines() if re.match(r"\s*\d+:", line)]


def _compile(name: str, wanted: dict[str, str], defined: set[str], blas: Path, target: Path) -> Path:
    functions = sorted(symbol for symbol in wanted if symbol in defined and _NAME.fullmatch(symbol))
    versions: defaultdict[str, list[str]] = defaultdict(list)
    for symbol in functions:
        versions[wanted[symbol]].append(symbol)
    with tempfile.TemporaryDirectory() as place:
        source, script = Path(place) / "empty.c", Path(place) / "versions"
        bodies = "\n".join(_PRODUCTS.get(symbol, f"void {symbol}(void) {{ absent(); }}") for symbol in functions)
        source.write_text(_PROGRAM.format(library=name.partition("-")[0], functions=bodies), encoding="ascii")
        nodes = [f"{node} {{ global: {'; '.join(of)}; }};" for node, of in sorted(versions.items()) if node]
        script.write_text("\n".join(nodes) or "{ global: *; };", encoding="ascii")
        command = ["cc", "-shared", "-fPIC", "-O1", "-s", "-w", "-Wl,--build-id=none", f"-Wl,-soname,{name}"]
        command += [f"-Wl,--version-script={script}", "-o", str(target / name), str(source)]
        if _PRODUCTS.keys() & set(functions):
            command += [f"-L{blas.parent}", f"-l:{blas.name}", f"-Wl,-rpath,{_BESIDE}"]
        subprocess.run(command, check=True, capture_output=True)
    return target / name
