"""Reports as files: nothing of a user's words is taken for markup, and plots are drawn where their values are."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from imaging.errors import NegatoscopeError
from training.judging.report import Block, Heading, Picture, Table, Text, write_report
from training.judging.report_plots import BLUE, HEIGHT_PX, WIDTH_PX, Field, PlotLine, plot, round_high

NASTY = "a|b <script>*x*</script> [y](z)"


def test_words_stay_words(tmp_path: Path) -> None:
    blocks: list[Block] = [Heading(1, NASTY), Text(NASTY), Table(("A", "B"), ((NASTY, "2"), ("3", "4")))]
    write_report(blocks, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 4, "title, heading, paragraph, cell"
    write_report(blocks, tmp_path / "report.md")
    lines = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# a\\|b \\<script\\>\\*x\\*")
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines[4:8]] == [3, 3, 3, 3], "as many cells in each row"


def test_markdown_names_the_figures_that_lie_beside_it(tmp_path: Path) -> None:
    figure = plot("ROC", Field("x", "y"), [PlotLine("", BLUE, [(0.0, 0.0), (1.0, 1.0)])])
    write_report([figure, Text("between"), Picture(b"film", "ROC")], tmp_path / "Ward 3.md")
    written = (tmp_path / "Ward 3.md").read_text(encoding="utf-8")
    named = re.findall(r"!\[ROC\]\(<(.+?)>\)", written)
    assert [(tmp_path / name).read_bytes() for name in named] == [figure.svg.encode(), b"film"]
    write_report([Picture(b"film", "A <film>")], tmp_path / "Ward 3.html")
    page = (tmp_path / "Ward 3.html").read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,ZmlsbQ=="' in page
    assert "<film>" not in page


def test_a_line_goes_through_its_values() -> None:
    field = Field("1 − specificity", "sensitivity", diagonal=True)
    points = [(0.0, 0.0), (0.25, 0.75), (math.nan, 0.9), (1.0, 1.0)]
    root = ET.fromstring(plot("ROC <1>", field, [PlotLine("model", BLUE, points)]).svg)
    paths = [path.get("d", "") for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke") == BLUE]
    x_px, y_px = field.at(0.25, 0.75)
    assert paths == [f"M{field.at(0, 0)[0]:.1f} {field.at(0, 0)[1]:.1f} L{x_px:.1f} {y_px:.1f} L288.0 24.0"]
    assert 0 < x_px < WIDTH_PX
    assert y_px < HEIGHT_PX / 2, "upwards is more"


@pytest.mark.parametrize(("values", "high"), [([0.7, 0.31], 1.0), ([2.2], 5.0), ([0.0], 1.0), ([math.nan], 1.0)])
def test_an_axis_ends_at_a_round_number(values: list[float], high: float) -> None:
    assert round_high(values) == pytest.approx(high)


def test_a_place_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NegatoscopeError, match="can't be written there"):
        write_report([Text("x")], tmp_path / "file" / "report.md")
