"""Labels as they stand in one cell of a CSV."""

from __future__ import annotations

import re
from collections.abc import Sequence


def labels_in(cells: Sequence[str]) -> list[tuple[str, ...]]:
    """The labels of each cell of a column: '|' and ';' stand between them, and so does a comma where every piece is the
    whole label of another film ("Opacity, left" may be one). A list as Python prints it is one too: ['mass', 'nodule'].
    """
    parted = [_pieces(cell) for cell in cells]
    if all(_whole_number(piece) for pieces in parted for piece in pieces):
        return [tuple(str(int(float(piece))) for piece in pieces) for pieces in parted]
    alone = {pieces[0] for pieces in parted if len(pieces) == 1}
    return [tuple(dict.fromkeys(label for piece in pieces for label in _by_comma(piece, alone))) for pieces in parted]


def _pieces(cell: str) -> tuple[str, ...]:
    text = cell.strip()
    if text.startswith("[") and text.endswith("]"):
        found = [piece.strip().strip("'\"") for piece in text[1:-1].split(",")]
    else:
        found = re.split(r"[|;]", text)
    return tuple(piece.strip() for piece in found if piece.strip())


def _by_comma(piece: str, alone: set[str]) -> tuple[str, ...]:
    found = tuple(part.strip() for part in piece.split(","))
    return found if len(found) > 1 and all(part in alone for part in found) else (piece,)


def _whole_number(text: str) -> bool:
    """Spreadsheets and tables write 1 as 1.0 where a cell of the column is empty."""
    return re.fullmatch(r"-?\d+(\.0+)?", text) is not None
