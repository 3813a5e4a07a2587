"""Which engine is the fastest on this CPU: measured once for each network and machine, then remembered.

Where nothing but ONNX Runtime can run and cores are few, there is nothing to choose, and nothing is measured.
"""

from __future__ import annotations

import contextlib
import logging
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from imaging.errors import NegatoscopeError
from inference.bundles.bundle import ModelBundle
from inference.engines.device import usable_cores
from inference.engines.engine import Floats
from inference.engines.engine_times import CpuEngine, Measured, Timed, Way, remember, remembered

if TYPE_CHECKING:
    from inference.engines.onnx_engine import OnnxEngine
    from inference.engines.openvino_engine import OpenVinoEngine

VARIABLE = "NEGATOSCOPE_CPU_ENGINE"  # names the engine that is to run, for sites that want no measuring
BUDGET_S = 2.0
ROUNDS = 9
NOTEWORTHY = 1.05  # times faster; less than that is noise
TITLES: Mapping[CpuEngine, str] = {"onnx": "ONNX Runtime", "openvino": "OpenVINO"}
_LOG = logging.getLogger(__name__)


def fastest_engine(bundle: ModelBundle, reason: str, threads: int = 0) -> OnnxEngine | OpenVinoEngine:
    """The engine that was the fastest for this network on this machine; the first time takes about two seconds.

    `threads` is the number of cores for one batch; 0 leaves that to be measured too. `reason` is why the CPU runs at
    all. Raises NegatoscopeError where VARIABLE names what can't be had, BundleError.
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        return _named(bundle, named, reason, threads)
    ways = _ways(threads)
    if len(ways) == 1:
        return _made(bundle, ways[0], f"{TITLES[ways[0].engine]} on the CPU ({reason})")
    known = remembered(bundle, threads)
    if known is not None and known.ways[0].way in ways:
        with contextlib.suppress(NegatoscopeError, ImportError):
            return _made(bundle, known.ways[0].way, _why(known, reason))
    film = _film(bundle)
    engines = _ready(bundle, ways, film)
    measured = _measured(engines, film)
    # Of several processes that began at the same time all go by what the first one has found.
    first = remembered(bundle, threads) or measured
    if first is measured or first.ways[0].way not in engines:
        remember(bundle, threads, measured)
        first = measured
    engine = engines[first.ways[0].way]
    engine.why = _why(first, reason)
    return engine


def milliseconds(bundle: ModelBundle, threads: int = 0) -> dict[str, float]:
    """What was measured for one film, by engine and threads in words; empty where nothing was."""
    known = remembered(bundle, threads)
    ways = known.ways if known is not None else ()
    return {
        TITLES[timed.engine] + (f", {timed.threads} threads" if timed.threads else ""): timed.milliseconds
        for timed in ways
    }


def _named(bundle: ModelBundle, named: str, reason: str, threads: int) -> OnnxEngine | OpenVinoEngine:
    engine = next((engine for engine in TITLES if engine == named), None)
    if engine is None:
        raise NegatoscopeError(f"{VARIABLE} names no engine: it takes {' or '.join(TITLES)}.")
    try:
        return _made(bundle, Way(engine, threads), f"{TITLES[engine]} on the CPU ({reason})")
    except ImportError as error:
        raise NegatoscopeError(f"{VARIABLE} names {TITLES[engine]}, which is not installed.") from error


def _ways(threads: int) -> list[Way]:
    """What could run, the surest first. On a machine of many cores a single film is slower on all of them."""
    cores = usable_cores()
    counts = [threads] if threads else [0, *(count for count in (4, 8) if count < cores)]
    engines: list[CpuEngine] = ["onnx", "openvino"] if find_spec("openvino") is not None else ["onnx"]
    return [Way(engine, count) for count in counts for engine in engines]


def _made(bundle: ModelBundle, way: Way, why: str) -> OnnxEngine | OpenVinoEngine:
    """Raises BundleError, ImportError."""
    if way.engine == "onnx":
        from inference.engines.onnx_engine import onnx_engine

        return onnx_engine(bundle, why, way.threads)
    from inference.engines.openvino_engine import OpenVinoEngine

    return OpenVinoEngine(bundle, why, way.threads)


def _film(bundle: ModelBundle) -> Floats:
    side = bundle.card.preprocess.size_px
    return np.random.default_rng(0).random((1, 1, side, side), dtype=np.float32)


def _ready(bundle: ModelBundle, ways: list[Way], film: Floats) -> dict[Way, OnnxEngine | OpenVinoEngine]:
    """As many of the ways as half of the time allows, each run once. The first must work; the others may fail."""
    start = time.perf_counter()
    engines = {ways[0]: _made(bundle, ways[0], "")}
    engines[ways[0]].run(film)
    for way in ways[1:]:
        if time.perf_counter() - start > BUDGET_S / 2:
            break
        try:
            engine = _made(bundle, way, "")
            engine.run(film)
        except (NegatoscopeError, ImportError) as error:
            _LOG.warning("%s is left out: %s", TITLES[way.engine], error)
        else:
            engines[way] = engine
    return engines


def _measured(engines: Mapping[Way, OnnxEngine | OpenVinoEngine], film: Floats) -> Measured:
    """Each way in turn, so that whatever else the machine does meets all of them."""
    spent: dict[Way, list[float]] = {way: [] for way in engines}
    start = time.perf_counter()
    for _ in range(ROUNDS):
        for way, engine in engines.items():
            before = time.perf_counter()
            engine.run(film)
            spent[way].append(time.perf_counter() - before)
        if time.perf_counter() - start > BUDGET_S / 2:
            break
    timed = [Timed(*way, round(1e3 * statistics.median(seconds), 3)) for way, seconds in spent.items()]
    return Measured(tuple(ranked(timed)))


def ranked(timed: Sequence[Timed]) -> list[Timed]:
    """The fastest first; but ONNX Runtime where nothing is faster by more than noise, so that machines agree."""
    by_time = sorted(timed, key=lambda way: way.milliseconds)
    limit = NOTEWORTHY * by_time[0].milliseconds
    return sorted(by_time, key=lambda way: way.engine != "onnx" or way.milliseconds > limit)


def _why(measured: Measured, reason: str) -> str:
    """'ONNX Runtime on the CPU (no GPU found; measured 1.3 times faster than OpenVINO here)'."""
    first = measured.ways[0]
    said = [reason]
    other = next((timed for timed in measured.ways if timed.engine != first.engine), None)
    if other is not None:
        times = other.milliseconds / max(first.milliseconds, 1e-3)
        compared = f"{times:.1f} times faster than" if times >= NOTEWORTHY else "as fast as"
        said.append(f"measured {compared} {TITLES[other.engine]} here")
    if first.threads and any(timed.threads != first.threads for timed in measured.ways):
        said.append(f"fastest with {first.threads} threads")
    return f"{TITLES[first.engine]} on the CPU ({'; '.join(said)})"
