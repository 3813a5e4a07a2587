"""The table of a comparison, as Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imaging.paths import resource_path
from training.judging.compare import HEADINGS, MEASURES, Compared, Versus

Cells = list[list[str]]
_SIZE_PX, _PAD_PX = 15, 9
_BACKGROUND, _LINE, _TEXT, _QUIET = "#15181d", "#272c35", "#d9dee6", "#8b94a3"


def measures_table(rows: Sequence[Compared]) -> Cells:
    """A line of headings, then one for each model and finding: every measure with its 95 % interval."""
    cells = [["Model", "Finding", "Films", "Patients", *HEADINGS]]
    for row in rows:
        for label, measures in row.measures.items():
            said = [_measure(measures[name]) for name in MEASURES]
            cells.append([row.name, label, f"{row.films:,}", f"{row.patients:,}", *said])
    return cells


def differences_table(found: Sequence[Versus]) -> Cells:
    """A line of headings, then every model against the baseline."""
    cells = [["Model", "Finding", "Films", "AUC less the baseline's", "p (DeLong)", "p of the calls (McNemar)"]]
    for versus in found:
        auc = versus.auc
        cells.append(
            [
                versus.name,
                versus.label,
                f"{versus.films:,}",
                f"{auc.value:+.4f} ({auc.low:+.4f} to {auc.high:+.4f})",
                _p(auc.p),
                _p(versus.calls_p),
            ]
        )
    return cells


def markdown(rows: Sequence[Compared], found: Sequence[Versus]) -> str:
    """The whole comparison."""
    text = "# Comparison\n\nEvery measure with its 95 % interval by patient.\n\n" + _markdown(measures_table(rows))
    if found:
        text += f"\nAgainst {_escaped(rows[0].name)}, on the films that both have:\n\n"
        text += _markdown(differences_table(found))
    return text


def write_picture(path: Path, cells: Cells) -> None:
    """The table as a PNG, in the colours of the window. Raises OSError."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(resource_path("fonts", "Inter.ttf")), _SIZE_PX)
    widths = [max(round(font.getlength(row[at])) for row in cells) + 2 * _PAD_PX for at in range(len(cells[0]))]
    height = _SIZE_PX + 2 * _PAD_PX
    picture = Image.new("RGB", (sum(widths), height * len(cells)), _BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for line, row in enumerate(cells):
        x = 0
        for text, width in zip(row, widths, strict=True):
            draw.text((x + _PAD_PX, line * height + _PAD_PX - 2), text, font=font, fill=_TEXT if line else _QUIET)
            x += width
        draw.line([(0, (line + 1) * height - 1), (picture.width, (line + 1) * height - 1)], fill=_LINE)
    picture.save(path, "PNG")


def _measure(measure: dict[str, Any]) -> str:
    if measure["value"] is None:
        return "–"
    interval = "" if measure["low"] is None else f" ({measure['low']:.3f}–{measure['high']:.3f})"
    return f"{measure['value']:.3f}{interval}"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _markdown(cells: Cells) -> str:
    head, *body = ["| " + " | ".join(_escaped(cell) for cell in row) + " |\n" for row in cells]
    return head + "|" + " --- |" * len(cells[0]) + "\n" + "".join(body)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
