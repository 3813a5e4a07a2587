"""The plots of a report as SVG: lines in a field with axes, on white paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from training.judging.report import Figure

WIDTH_PX, HEIGHT_PX = 300, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 44, 24, 12, 40
_TICKS = 4
BLUE, GREEN, GREY, PALE = "#1f6fc4", "#2b8a63", "#8b94a3", "#e3e7ec"


@dataclass(frozen=True, slots=True)
class PlotLine:
    """Points (x, y) that a line goes through; one alone, or each of a `dotted` line, is a dot."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """What the axes span and say; `diagonal` draws the line on which both are equal."""

    x_name: str
    y_name: str
    x_high: float = 1.0
    y_high: float = 1.0
    diagonal: bool = False

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A value's place, px from the upper left corner."""
        width, height = WIDTH_PX - _LEFT - _RIGHT, HEIGHT_PX - _TOP - _BOTTOM
        return _LEFT + width * x / self.x_high, _TOP + height * (1.0 - y / self.y_high)


def plot(caption: str, field: Field, lines: Sequence[PlotLine]) -> Figure:
    """A figure; what is no finite number is left out."""
    parts = [*_axes(field), *_legend(lines)]
    if field.diagonal:
        (left, bottom), (right, top) = field.at(0, 0), field.at(field.x_high, field.y_high)
        parts.append(_stroke(f"M{left:.1f} {bottom:.1f} L{right:.1f} {top:.1f}", GREY, "1", ' stroke-dasharray="4 4"'))
    for line in lines:
        points = [field.at(x, y) for x, y in line.points if math.isfinite(x) and math.isfinite(y)]
        if len(points) > 1:
            parts.append(_stroke("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points), line.colour, "1.8"))
        if line.dotted or len(points) == 1:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>' for x, y in points]
    size = f'width="{WIDTH_PX}" height="{HEIGHT_PX}" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}"'
    words = 'font-family="Inter,system-ui,sans-serif" font-size="11" fill="#5a6472"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {words} role="img" aria-label="{escape(caption)}">'
    return Figure(svg + "".join(parts) + "</svg>", caption)


def round_high(values: Sequence[float]) -> float:
    """Where an axis from zero may end: 1, 2 or 5 times a power of ten, no less than the largest value."""
    high = max((value for value in values if math.isfinite(value)), default=1.0)
    power = 10.0 ** math.floor(math.log10(high)) if high > 0 else 1.0
    return next((power * factor for factor in (1, 2, 5) if power * factor >= high), 10 * power)


def _axes(field: Field) -> list[str]:
    parts = []
    for tick in range(_TICKS + 1):
        x, y = field.x_high * tick / _TICKS, field.y_high * tick / _TICKS
        (x_px, bottom), (left, y_px) = field.at(x, 0), field.at(0, y)
        top, right = field.at(0, field.y_high)[1], field.at(field.x_high, 0)[0]
        parts.append(
            _stroke(f"M{x_px:.1f} {bottom:.1f} V{top:.1f} M{left:.1f} {y_px:.1f} H{right:.1f}", "#e3e7ec", "1")
        )
        parts.append(f'<text x="{x_px:.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{x:.3g}</text>')
        parts.append(f'<text x="{left - 6:.1f}" y="{y_px + 4:.1f}" text-anchor="end">{y:.3g}</text>')
    middle = field.at(field.x_high / 2, 0)[0]
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT_PX - 8}" text-anchor="middle">{escape(field.x_name)}</text>')
    return [*parts, f'<text x="6" y="14">{escape(field.y_name)}</text>']


def _legend(lines: Sequence[PlotLine]) -> list[str]:
    named = [line for line in lines if line.name]
    places = range(WIDTH_PX - _RIGHT, 0, -76)
    return [
        f'<text x="{x_px}" y="14" text-anchor="end" fill="{line.colour}">{escape(line.name)}</text>'
        for line, x_px in zip(reversed(named), places, strict=False)
    ]


def _stroke(path: str, colour: str, width: str, more: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{more}/>'
