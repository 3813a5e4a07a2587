"""A cache that is bounded by bytes, not by entries: films differ in size by a factor of a thousand."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Keeps the most recently used values, as many as fit into `limit_bytes` by `size_of`. Thread-safe.

    A value larger than the limit is not kept at all.
    """

    def __init__(self, limit_bytes: int, size_of: Callable[[V], int]) -> None:
        self._limit_bytes = limit_bytes
        self._size_of = size_of
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._used_bytes = 0

    def get(self, key: K) -> V | None:
        """The value, which becomes the most recently used one; None where there is none."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: K, value: V) -> None:
        """Keep a value, replacing the key's former one and dropping the least recently used until all fit."""
        size = self._size_of(value)
        with self._lock:
            self._drop(key)
            if size > self._limit_bytes:
                return
            self._entries[key] = (value, size)
            self._used_bytes += size
            while self._used_bytes > self._limit_bytes:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._used_bytes = 0

    @property
    def used_bytes(self) -> int:
        with self._lock:
            return self._used_bytes

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def __contains__(self, key: K) -> bool:
        with self._lock:
            return key in self._entries

    def _drop(self, key: K) -> None:
        """Forget one entry; the lock is held."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._used_bytes -= entry[1]
