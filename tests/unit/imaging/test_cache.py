"""A cache bounded by bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from imaging.cache import ByteCache


def cache(limit: int = 10) -> ByteCache[str, bytes]:
    return ByteCache(limit, len)


def test_the_least_recently_used_goes_first() -> None:
    kept = cache()
    kept.put("a", b"1234")
    kept.put("b", b"1234")
    assert kept.get("a") == b"1234"
    kept.put("c", b"1234")
    assert ("a" in kept, "b" in kept, "c" in kept, kept.used_bytes) == (True, False, True, 8)


def test_replacing_counts_once() -> None:
    kept = cache()
    kept.put("a", b"12345678")
    kept.put("a", b"123")
    assert (kept.used_bytes, len(kept), kept.get("a")) == (3, 1, b"123")


def test_too_large_a_value_is_not_kept_and_the_old_one_is_gone() -> None:
    kept = cache()
    kept.put("a", b"1")
    kept.put("a", b"12345678901")
    assert (kept.get("a"), kept.used_bytes) == (None, 0)


def test_clear() -> None:
    kept = cache()
    kept.put("a", b"1")
    kept.put("b", b"2")
    assert len(kept) == 2
    kept.clear()
    assert (len(kept), kept.used_bytes) == (0, 0)


def test_threads() -> None:
    kept = cache(100)

    def work(seed: int) -> None:
        for index in range(300):
            kept.put(str((seed * index) % 37), b"x" * (index % 9))
            kept.get(str(index % 37))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(1, 5)))
    total = sum(len(value) for index in range(37) if (value := kept.get(str(index))) is not None)
    assert kept.used_bytes == total <= 100
