from __future__ import annotations

import faulthandler
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imaging.log_files import CRASHES, LOG, LOG_BYTES, LOG_FILES, log_exception, start_logging


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger and the fault handler, as they were before, afterwards."""
    root = logging.getLogger()
    before, level, hook = list(root.handlers), root.level, sys.excepthook
    yield root
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    sys.excepthook = hook
    faulthandler.enable()


@pytest.mark.usefixtures("root")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_only_the_programs_own_words_are_logged(tmp_path: Path) -> None:
    start_logging(tmp_path / "logs")
    logging.getLogger("pydicom").warning("Invalid value for PatientName: 'Doe^Jane'")
    logging.getLogger("imaging.read.decode").info("a decoding child was replaced")
    text = (tmp_path / "logs" / LOG).read_text(encoding="utf-8")
    assert "a decoding child was replaced" in text
    assert "Doe" not in text
    assert (tmp_path / "logs" / CRASHES).is_file()


@pytest.mark.logs_errors
@pytest.mark.usefixtures("root")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_details_and_tracebacks_are_logged_without_places_and_names(tmp_path: Path) -> None:
    """A model that lies among a patient's films and can't be read: the system's words name the folder."""
    start_logging(tmp_path / "logs")
    log = logging.getLogger("gui.jobs")
    log.info("a job was refused: %s", OSError(13, "Permission denied", "/films of Doe/model@1/graph.onnx"))
    log.error("a job failed with %s\n%s", "OSError", f'  File "{__file__}", line 7, in read\n    open("Doe")\n')
    lines = (tmp_path / "logs" / LOG).read_text(encoding="utf-8").splitlines()
    assert [line.partition(": ")[2] for line in lines[:2]] == [
        "a job was refused: [Errno 13] Permission denied: …",
        "a job failed with OSError",
    ]
    assert lines[2:] == ["  test_log_files.py:7 in read"]


@pytest.mark.usefixtures("root")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_full_logs_are_numbered_and_the_oldest_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("0" * LOG_BYTES)
    for number in range(1, LOG_FILES + 1):
        (tmp_path / f"{LOG}.{number}").write_text(str(number))
    (tmp_path / CRASHES).write_text("0" * LOG_BYTES)
    start_logging(tmp_path)
    assert (tmp_path / LOG).stat().st_size == 0
    assert (tmp_path / CRASHES).stat().st_size == 0
    assert (tmp_path / f"{CRASHES}.1").stat().st_size == LOG_BYTES
    kept = {file.name: file.read_text()[0] for file in tmp_path.glob(f"{LOG}.*")}
    assert kept == {f"{LOG}.{number}": str(number - 1) for number in range(1, LOG_FILES + 1)}


def test_a_folder_that_cannot_be_written_costs_the_log_only(tmp_path: Path, root: logging.Logger) -> None:
    (tmp_path / "logs").write_text("a file stands in the way")
    before = list(root.handlers)
    start_logging(tmp_path / "logs")
    assert root.handlers == before


@pytest.mark.logs_errors
def test_an_exception_is_logged_by_its_kind_and_place(caplog: pytest.LogCaptureFixture) -> None:
    name = "^".join(("Doe", "John"))
    try:
        raise ValueError(name)
    except ValueError as error:
        log_exception(type(error), error, error.__traceback__)
    assert "ValueError" in caplog.text
    assert "test_log_files" in caplog.text
    assert name not in caplog.text
