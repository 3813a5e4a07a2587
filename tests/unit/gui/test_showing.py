"""What the corner says of the study."""

from __future__ import annotations

import pytest

from gui.frame.showing import study_line
from imaging.image import Header


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (Header(), ""),
        (Header(body_part="CHEST", view_position="AP", study_date="2026-11-12"), "Chest AP · 2026-11-12"),
        (Header(body_part="HAND", view_position="PA", laterality="L"), "Hand PA left"),
        (Header(body_part="CHEST", laterality="U"), "Chest"),
        (Header(study_description="Both knees", laterality="B"), "Both knees both sides"),
    ],
)
def test_part_view_side_and_date(header: Header, line: str) -> None:
    assert study_line(header) == line
