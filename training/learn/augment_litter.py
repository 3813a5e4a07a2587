"""What lies on films beside the patient: side marks, plates with writing, wires, and frames where they were cut."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional

_MOST_MARKS = 3
_GLYPH = (7, 5)  # rows and columns of a letter as old screens drew it
_LETTERS = 5  # of the longest mark
_MARK_HEIGHTS = (0.02, 0.08)  # of the film's side
_PLATE_SHARE, _WIRE_SHARE = 0.3, 0.3
_MOST_FRAME = 0.12  # of the film's side
_EDGE = 0.2  # marks lie within this share of a side


def marked(films: Tensor, share: float, rng: Generator) -> Tensor:
    """Put marks, plates and wires on a share of films [N, 1, S, S] of 0 to 1; at the edges, where they are in life."""
    littered = films.clone()
    chosen = torch.nonzero(torch.rand(films.shape[0], generator=rng) < share).flatten().tolist()
    for number in chosen:
        film = littered[number, 0]
        for _ in range(1 + _below(_MOST_MARKS, rng)):
            _write(film, rng)
        if _draw(rng) < _WIRE_SHARE:
            _lay_wire(film, rng)
    return littered


def framed(films: Tensor, share: float, rng: Generator) -> Tensor:
    """Cover some sides of a share of films [N, 1, S, S] with a plain frame: dark, bright or any grey."""
    count, size = films.shape[0], films.shape[-1]
    has_frame = torch.rand((count, 1), generator=rng) < share
    widths = (torch.rand((count, 4), generator=rng) * 2.0 - 1.0).clamp_min(0.0) * _MOST_FRAME * has_frame
    kind, any_grey = torch.rand(count, generator=rng), torch.rand(count, generator=rng)
    grey = torch.where(kind < 0.5, 0.0, torch.where(kind < 0.7, 1.0, any_grey)).to(films.device)
    place = (torch.arange(size, device=films.device) + 0.5) / size
    top, bottom, left, right = (side.to(films.device)[:, None] for side in widths.unbind(1))
    rows, columns = (place < top) | (place > 1.0 - bottom), (place < left) | (place > 1.0 - right)
    covered = (rows[:, :, None] | columns[:, None, :]).unsqueeze(1)
    return torch.where(covered, grey[:, None, None, None], films)


def _write(film: Tensor, rng: Generator) -> None:
    """A few made-up letters, on a plate or on the film itself."""
    size = film.shape[-1]
    low, high = _MARK_HEIGHTS
    height = max(int((low + (high - low) * _draw(rng)) * size), 3)
    letters = 1 + _below(_LETTERS, rng)
    rows, columns = _GLYPH
    bits = (torch.rand((rows, (columns + 1) * letters), generator=rng) < 0.5).float()
    bits[:, columns :: columns + 1] = 0.0  # between two letters
    width = min(max(height * bits.shape[1] // rows, 3), size)
    drawn = functional.interpolate(bits[None, None], size=(height, width), mode="area")[0, 0].to(film.device)
    row, column = _at_the_edge(size, height, width, rng)
    place = film[row : row + height, column : column + width]
    if _draw(rng) < _PLATE_SHARE:
        place.fill_(_draw(rng) * 0.3 if _draw(rng) < 0.5 else 0.7 + 0.3 * _draw(rng))
    ink = 1.0 if _draw(rng) < 0.8 else 0.0
    place.add_((ink - place) * drawn)


def _at_the_edge(size: int, height: int, width: int, rng: Generator) -> tuple[int, int]:
    """The upper left corner of a mark: anywhere along one of the four sides."""
    along, across = _draw(rng), _draw(rng) * _EDGE
    if _draw(rng) < 0.5:
        across = 1.0 - across
    row, column = (along, across) if _draw(rng) < 0.5 else (across, along)
    return int(row * (size - height)), int(column * (size - width))


def _lay_wire(film: Tensor, rng: Generator) -> None:
    """A faint bright band across the film, as of a wire or a tube, bent a little."""
    size = film.shape[-1]
    place = torch.linspace(0.0, 1.0, size, device=film.device)
    start, slope, bend = _draw(rng), (_draw(rng) - 0.5) * 1.5, (_draw(rng) - 0.5) * 0.8
    way = start + slope * (place - 0.5) + bend * (place - 0.5) ** 2
    width = (0.5 + 1.5 * _draw(rng)) / size
    band = torch.exp(-(((place[:, None] - way[None, :]) / width) ** 2)) * (0.1 + 0.3 * _draw(rng))
    film.add_(band if _draw(rng) < 0.5 else band.T).clamp_(0.0, 1.0)


def _draw(rng: Generator) -> float:
    return float(torch.rand((), generator=rng))


def _below(count: int, rng: Generator) -> int:
    return int(torch.randint(count, (), generator=rng))
