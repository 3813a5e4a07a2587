from __future__ import annotations

import pytest

from inference.engines.batching import FIRST, BatchSize, most_films


def sizes(rates: dict[int, float], most: int = 256, calls: int = 40) -> list[int]:
    """The batches asked for of a device with so many films a second at each size."""
    batch, asked = BatchSize(most), []
    for _ in range(calls):
        asked.append(batch.wanted)
        batch.ran(batch.wanted, batch.wanted / rates[batch.wanted])
    return asked


def test_batches_grow_while_that_pays() -> None:
    asked = sizes({32: 1000.0, 64: 1800.0, 128: 1900.0})
    assert sorted(set(asked)) == [32, 64, 128]
    assert asked[:4] == [32] * 4
    assert asked[-1] == 64


def test_batches_grow_to_their_bound_and_no_further() -> None:
    rates = {32: 1000.0, 64: 2000.0, 128: 4000.0}
    assert sizes(rates, most=130)[-1] == 128
    assert sizes({8: 1.0}, most=8)[-1] == 8


def test_the_first_call_of_a_size_and_small_batches_tell_nothing() -> None:
    batch = BatchSize(256)
    for slow in (True, False, False, False):
        batch.ran(FIRST, 100.0 if slow else 1.0)
    assert batch.wanted == 2 * FIRST
    for _ in range(20):
        batch.ran(5, 1e9)
    assert batch.wanted == 2 * FIRST


def test_without_memory_batches_are_halved_and_stay() -> None:
    batch = BatchSize(256)
    batch.failed(32)
    batch.failed(16)
    for _ in range(40):
        batch.ran(batch.wanted, 1.0)
    assert batch.wanted == 8
    batch.failed(1)
    assert batch.wanted == 1


@pytest.mark.parametrize(("size_px", "most"), [(64, 256), (224, 256), (1024, 16), (8192, 1)])
def test_the_computer_s_own_memory_bounds_a_batch(size_px: int, most: int) -> None:
    assert most_films(size_px) == most
