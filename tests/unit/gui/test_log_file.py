from __future__ import annotations

import logging

import pytest

from gui.log_file import log_exception


@pytest.mark.logs_errors
def test_the_log_names_kind_and_place_but_not_the_words(caplog: pytest.LogCaptureFixture) -> None:
    name = "^".join(("Doe", "John"))
    try:
        raise ValueError(name)
    except ValueError as error:
        with caplog.at_level(logging.ERROR):
            log_exception(type(error), error, error.__traceback__)
    assert "ValueError" in caplog.text
    assert "test_log_file" in caplog.text
    assert name not in caplog.text
