"""Work that is begun before its turn, and handed on in its turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def ordered_map(
    pool: ThreadPoolExecutor, work: Callable[[In], Out], items: Iterable[In], ahead: int | Callable[[], int]
) -> Iterator[Out]:
    """`work` of every item, in their order, with `ahead` of them at most under way or waiting to be taken."""
    pending: deque[Future[Out]] = deque()
    for item in items:
        pending.append(pool.submit(work, item))
        most = ahead if isinstance(ahead, int) else ahead()
        while pending and (len(pending) >= most or pending[0].done()):
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()
