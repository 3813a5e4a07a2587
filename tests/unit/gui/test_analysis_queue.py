from __future__ import annotations

from pathlib import Path

from gui.second_reader.analysis_queue import AnalysisQueue
from imaging.study import ImageRef


def refs(*names: str) -> list[ImageRef]:
    return [ImageRef(Path(name)) for name in names]


def test_the_film_on_screen_is_let_through() -> None:
    queue = AnalysisQueue()
    queue.add(refs("a", "b", "c"))
    assert queue.take(("c",)) == ImageRef(Path("c"))
    assert queue.take(("b",)) is None, "one at a time"
    queue.finish("c")
    assert queue.take(("c",)) == ImageRef(Path("a"))


def test_counts_reach_the_total_and_start_afresh() -> None:
    queue = AnalysisQueue()
    queue.add(refs("a", "b"))
    for _ in range(2):
        taken = queue.take()
        assert taken is not None
        queue.finish(taken.key)
    assert (queue.done, queue.total, queue.active) == (2, 2, False)
    queue.add(refs("c"))
    assert (queue.done, queue.total, queue.active) == (0, 1, True)


def test_a_film_waits_once() -> None:
    queue = AnalysisQueue()
    assert queue.add(refs("a", "b")) == ["a", "b"]
    queue.take()
    assert queue.add(refs("a", "b", "c")) == ["c"]


def test_a_broken_film_leaves_the_queue() -> None:
    queue = AnalysisQueue()
    queue.add(refs("a", "b"))
    queue.drop("a")
    assert (queue.done, queue.total) == (1, 2)
    assert queue.take() == ImageRef(Path("b"))


def test_clearing_gives_back_what_waited() -> None:
    queue = AnalysisQueue()
    queue.add(refs("a", "b", "c"))
    queue.take()
    assert queue.clear() == refs("b", "c")
    queue.finish("a")
    assert (queue.done, queue.total) == (0, 0)
