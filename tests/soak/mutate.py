"""Damage to a film's bytes, by a seed: what disks, networks and malice do to files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], None]

_NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xEA60,
    0xFFFE,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
# Rows, Columns, Bits, Samples, Photometric, frames, planes, sign, offset tables, pixel data, items and their ends.
_TAGS = tuple(
    bytes.fromhex(tag)
    for tag in (
        "28001000", "28001100", "28000001", "28000101", "28000201", "28000301", "28000200", "28000400", "28000800",
        "28000600", "e07f0100", "e07f0200", "e07f1000", "feff00e0", "feff0de0", "feffdde0", "02001000", "08000500",
    )
)  # fmt: skip
_MARKERS = (
    b"\xff\xc0",
    b"\xff\xc3",
    b"\xff\xc4",
    b"\xff\xda",
    b"\xff\xf7",
    b"\xff\x51",
    b"\xff\x52",
    b"\xff\x90",
    b"IHDR",
    b"PK\x01\x02",
)


def mutated(film: bytes, seed: int, others: Sequence[bytes]) -> bytes:
    """The film with one to four wounds. The same for the same seed, on every system."""
    chance = random.Random(seed)
    data = bytearray(film)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        if data:
            chance.choices(_MUTATIONS, _WEIGHTS)[0](data, chance, others)
    return bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    """Anywhere, half of the time where the header is likely to be."""
    return chance.randrange(min(len(data), 2048) if chance.random() < 0.5 else len(data))


def _flip(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    for _flipped in range(chance.choice((1, 1, 2, 8, 64))):
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    width = chance.choice((1, 2, 4))
    at = _place(data, chance)
    number = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    data[at : at + width] = number.to_bytes(width, chance.choice(("little", "big")))


def _near(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """A number where a tag's length and value stand, or a marker's."""
    mark = chance.choice(_TAGS if chance.random() < 0.7 else _MARKERS)
    at = data.find(mark, chance.randrange(len(data)) if chance.random() < 0.3 else 0)
    if at < 0:
        return _number(data, chance, others)
    width = chance.choice((1, 2, 2, 4))
    number = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    at += len(mark) + chance.choice((0, 2, 4, 4, 4, 6, 8))
    data[at : at + width] = number.to_bytes(width, chance.choice(("little", "big")))


def _cut(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del data[_place(data, chance) :]


def _fill(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at, length = _place(data, chance), chance.choice((1, 4, 16, 256, 4096))
    held = min(length, len(data) - at)
    data[at : at + held] = chance.choice((bytes(held), b"\xff" * held, chance.randbytes(held)))


def _delete(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 2, 3, 8, 100, 5000))]


def _repeat(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at, length = _place(data, chance), chance.choice((1, 8, 64, 1024))
    data[at:at] = data[at : at + length] * chance.choice((1, 1, 3, 50))


def _insert(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 7, 100)))


def _splice(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """The start of this film and the end of another."""
    other = chance.choice(others)
    del data[_place(data, chance) :]
    data += other[chance.randrange(len(other)) :][: 1 << 20]


_MUTATIONS: tuple[Mutation, ...] = (_flip, _number, _near, _cut, _fill, _delete, _repeat, _insert, _splice)
_WEIGHTS = (5, 4, 6, 2, 2, 2, 1, 1, 1)
