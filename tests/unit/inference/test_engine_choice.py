"""The fastest engine of this CPU is measured once and remembered; nothing that goes wrong there stops a film."""

from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path

import pytest

from imaging.errors import NegatoscopeError
from inference.bundles.bundle import ModelBundle
from inference.engines import engine_choice
from inference.engines.device import choose_engine
from inference.engines.engine import Floats
from inference.engines.engine_choice import VARIABLE, fastest_engine, milliseconds
from inference.engines.engine_times import Measured, Timed, remember, remembered

ONNX_ONLY = "ONNX Runtime on the CPU (no GPU found)"


@pytest.fixture(autouse=True)
def _nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)


@pytest.fixture
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of many cores, on which OpenVINO is not installed."""
    monkeypatch.setattr(engine_choice, "usable_cores", lambda: 16)
    monkeypatch.setattr(engine_choice, "find_spec", lambda name: None)


@pytest.fixture
def with_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of two cores, on which OpenVINO seems to be installed."""
    monkeypatch.setattr(engine_choice, "usable_cores", lambda: 2)
    monkeypatch.setattr(engine_choice, "find_spec", lambda name: importlib.util.find_spec("numpy"))


def files(user_data: Path) -> list[Path]:
    return sorted((user_data / "engines").glob("*")) if (user_data / "engines").exists() else []


def test_without_a_choice_nothing_is_measured(
    bundle: ModelBundle, user_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_choice, "usable_cores", lambda: 4)
    monkeypatch.setattr(engine_choice, "find_spec", lambda name: None)
    assert fastest_engine(bundle, "no GPU found").why == ONNX_ONLY
    assert files(user_data) == []
    assert milliseconds(bundle) == {}


@pytest.mark.usefixtures("sixteen_cores")
def test_threads_are_measured_where_cores_are_many(bundle: ModelBundle, user_data: Path, films: Floats) -> None:
    engine = fastest_engine(bundle, "no GPU found")
    assert engine.run(films).logits.shape == (7, 1)
    measured = remembered(bundle, 0)
    assert measured is not None
    assert {timed.way for timed in measured.ways} == {("onnx", 0), ("onnx", 4), ("onnx", 8)}
    times = [timed.milliseconds for timed in measured.ways]
    assert times == sorted(times)
    assert times[0] > 0
    assert set(milliseconds(bundle)) == {"ONNX Runtime", "ONNX Runtime, 4 threads", "ONNX Runtime, 8 threads"}
    assert len(files(user_data)) == 1
    assert fastest_engine(bundle, "no GPU found", threads=2).why == ONNX_ONLY, "two threads were asked for"


@pytest.mark.usefixtures("sixteen_cores")
def test_what_was_measured_is_not_measured_again(bundle: ModelBundle, multi_bundle: ModelBundle) -> None:
    remember(bundle, 0, Measured((Timed("onnx", 8, 5.0), Timed("onnx", 0, 9.0))))
    assert (
        fastest_engine(bundle, "no GPU found").why == "ONNX Runtime on the CPU (no GPU found; fastest with 8 threads)"
    )
    assert remembered(bundle, 0) == Measured((Timed("onnx", 8, 5.0), Timed("onnx", 0, 9.0)))
    assert remembered(multi_bundle, 0) is None, "another network is another matter"


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ((Timed("onnx", 0, 7.0), Timed("openvino", 0, 9.1)), "measured 1.3 times faster than OpenVINO here"),
        ((Timed("onnx", 0, 7.0), Timed("openvino", 0, 7.1)), "measured as fast as OpenVINO here"),
        ((Timed("onnx", 0, 7.0),), ""),
    ],
)
@pytest.mark.usefixtures("with_openvino")
def test_the_reason_says_what_was_measured(bundle: ModelBundle, ways: tuple[Timed, ...], why: str) -> None:
    remember(bundle, 0, Measured(ways))
    said = f"no GPU found; {why}" if why else "no GPU found"
    assert fastest_engine(bundle, "no GPU found").why == f"ONNX Runtime on the CPU ({said})"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"{}", b'{"ways": [], "schema": 1}', b'{"ways": [["gpu", 0, 1.0]]}']
)
@pytest.mark.usefixtures("sixteen_cores")
def test_a_damaged_file_is_measured_anew(bundle: ModelBundle, user_data: Path, content: bytes) -> None:
    fastest_engine(bundle, "no GPU found")
    (file,) = files(user_data)
    file.write_bytes(content)
    assert fastest_engine(bundle, "no GPU found").name == "onnx-cpu"
    assert remembered(bundle, 0) is not None


@pytest.mark.usefixtures("sixteen_cores")
def test_a_way_that_is_gone_is_measured_anew(bundle: ModelBundle) -> None:
    remember(bundle, 0, Measured((Timed("openvino", 0, 1.0), Timed("onnx", 0, 2.0))))
    assert fastest_engine(bundle, "no GPU found").name == "onnx-cpu"
    measured = remembered(bundle, 0)
    assert measured is not None
    assert measured.ways[0].engine == "onnx"


@pytest.mark.usefixtures("sixteen_cores")
def test_without_a_data_folder_it_measures_every_time(
    bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NEGATOSCOPE_DATA", str(tmp_path / "file" / "folder"))
    assert fastest_engine(bundle, "no GPU found").name == "onnx-cpu"
    assert milliseconds(bundle) == {}


@pytest.mark.usefixtures("with_openvino")
def test_an_optional_engine_that_does_not_load_is_left_out(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "inference.engines.openvino_engine", raising=False)
    with caplog.at_level(logging.WARNING):
        assert fastest_engine(bundle, "no GPU found").why == ONNX_ONLY
    assert "OpenVINO is left out" in caplog.text
    remember(bundle, 0, Measured((Timed("openvino", 0, 1.0), Timed("onnx", 0, 2.0))))
    assert fastest_engine(bundle, "no GPU found").why == ONNX_ONLY, "it was there when it was measured"


@pytest.mark.usefixtures("sixteen_cores")
def test_slow_networks_are_measured_in_fewer_ways(bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "BUDGET_S", 0.0)
    assert fastest_engine(bundle, "no GPU found").why == ONNX_ONLY
    measured = remembered(bundle, 0)
    assert measured is not None
    assert [timed.way for timed in measured.ways] == [("onnx", 0)]


def test_the_environment_can_name_the_engine(
    bundle: ModelBundle, user_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "onnx")
    assert choose_engine(bundle, device="cpu").why == "ONNX Runtime on the CPU (as asked for)"
    monkeypatch.setenv(VARIABLE, "abacus")
    with pytest.raises(NegatoscopeError, match="it takes onnx or openvino"):
        choose_engine(bundle, device="cpu")
    assert choose_engine(bundle, "onnx").name == "onnx-cpu"
    monkeypatch.setenv(VARIABLE, "openvino")
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "inference.engines.openvino_engine", raising=False)
    with pytest.raises(NegatoscopeError, match="OpenVINO, which is not installed"):
        choose_engine(bundle, device="cpu")
    assert files(user_data) == []


def test_less_than_noise_is_no_reason_to_leave_onnx_runtime() -> None:
    """Or two machines of one kind would run different engines by chance."""
    near = [Timed("onnx", 0, 10.2), Timed("openvino", 0, 10.0)]
    far = [Timed("onnx", 0, 11.0), Timed("openvino", 0, 10.0)]
    assert [timed.engine for timed in engine_choice.ranked(near)] == ["onnx", "openvino"]
    assert [timed.engine for timed in engine_choice.ranked(far)] == ["openvino", "onnx"]
