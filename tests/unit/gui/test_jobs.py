from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from gui.jobs import CRASH_MESSAGE, HELD_FROM, Jobs, Lane
from imaging.errors import NegatoscopeError
from imaging.progress import CancelToken, Progress


def _settle(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: jobs.idle, timeout=5000)


def _until_cancelled(token: CancelToken, progress: Progress) -> None:
    while True:
        token.check()
        time.sleep(0.001)


def _giving(number: int) -> Callable[[CancelToken, Progress], int]:
    return lambda token, progress: number


def test_runs_off_the_main_thread_and_delivers_on_it(qtbot: QtBot, jobs: Jobs) -> None:
    seen: list[tuple[str, threading.Thread]] = []
    jobs.submit(
        Lane.IO,
        lambda token, progress: threading.current_thread().name,
        done=lambda name: seen.append((name, threading.current_thread())),
    )
    _settle(qtbot, jobs)
    (worker, receiver), *_ = seen
    assert worker.startswith("jobs-io")
    assert receiver is threading.main_thread()


def test_a_typed_error_reaches_failed_in_its_own_words(qtbot: QtBot, jobs: Jobs) -> None:
    def fail(token: CancelToken, progress: Progress) -> None:
        raise NegatoscopeError("The card is empty.")

    errors: list[NegatoscopeError] = []
    with qtbot.assertNotEmitted(jobs.crashed):
        jobs.submit(Lane.IO, fail, failed=errors.append)
        _settle(qtbot, jobs)
    assert [error.message for error in errors] == ["The card is empty."]


@pytest.mark.logs_errors
def test_a_defect_is_logged_without_its_text_and_the_lane_goes_on(
    qtbot: QtBot, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    patient = "Doe^Jane"

    def fail(token: CancelToken, progress: Progress) -> None:
        raise KeyError(patient)

    errors: list[NegatoscopeError] = []
    results: list[int] = []
    with qtbot.waitSignal(jobs.crashed) as crashed:
        jobs.submit(Lane.MODEL, fail, failed=errors.append)
        jobs.submit(Lane.MODEL, lambda token, progress: 7, done=results.append)
    _settle(qtbot, jobs)
    assert crashed.args == [CRASH_MESSAGE]
    assert errors[0].message == CRASH_MESSAGE
    assert results == [7]
    assert "KeyError" in caplog.text
    assert patient not in caplog.text


def test_running_out_of_memory_is_said_in_words(qtbot: QtBot, jobs: Jobs) -> None:
    def fail(token: CancelToken, progress: Progress) -> None:
        raise MemoryError

    errors: list[NegatoscopeError] = []
    jobs.submit(Lane.IO, fail, failed=errors.append)
    _settle(qtbot, jobs)
    assert "memory" in errors[0].message


def test_a_cancelled_job_stays_silent_even_when_its_result_is_on_the_way(qtbot: QtBot, jobs: Jobs) -> None:
    finished = threading.Event()

    def work(token: CancelToken, progress: Progress) -> int:
        progress(1, 2)
        finished.set()
        return 1

    heard: list[object] = []
    handle = jobs.submit(Lane.IO, work, done=heard.append, progress=lambda done, total: heard.append(done))
    assert finished.wait(2)
    handle.cancel()
    _settle(qtbot, jobs)
    assert heard == []
    assert handle.cancelled


def test_a_running_job_stops_at_its_next_check(qtbot: QtBot, jobs: Jobs) -> None:
    heard: list[object] = []
    handle = jobs.submit(Lane.MODEL, _until_cancelled, done=heard.append, failed=heard.append)
    assert not jobs.idle
    handle.cancel()
    _settle(qtbot, jobs)
    assert heard == []


def test_lower_priorities_run_first_and_can_be_moved(qtbot: QtBot, jobs: Jobs) -> None:
    gate, order = threading.Event(), list[str]()

    def named(name: str) -> Callable[[CancelToken, Progress], None]:
        return lambda token, progress: order.append(name)

    jobs.submit(Lane.MODEL, lambda token, progress: gate.wait(2))
    jobs.submit(Lane.MODEL, named("later"), priority=5)
    moved = jobs.submit(Lane.MODEL, named("moved to the front"), priority=9)
    jobs.submit(Lane.MODEL, named("sooner"), priority=1)
    jobs.submit(Lane.MODEL, named("sooner, second"), priority=1)
    jobs.reprioritise(moved, 0)
    gate.set()
    _settle(qtbot, jobs)
    assert order == ["moved to the front", "sooner", "sooner, second", "later"]


def test_streamed_items_arrive_in_order_and_before_done(qtbot: QtBot, jobs: Jobs) -> None:
    def work(token: CancelToken, progress: Progress, stream: Callable[[int], None]) -> str:
        for number in range(5000):
            stream(number)
        return "done"

    heard: list[object] = []
    jobs.submit_stream(Lane.IO, work, item=heard.append, done=heard.append)
    _settle(qtbot, jobs)
    assert heard == [*range(5000), "done"]


def test_progress_is_coalesced_to_the_newest(qtbot: QtBot, jobs: Jobs) -> None:
    def work(token: CancelToken, progress: Progress) -> None:
        for done in range(1, 10_001):
            progress(done, 10_000)

    heard: list[tuple[int, int | None]] = []
    jobs.submit(Lane.IO, work, progress=lambda done, total: heard.append((done, total)))
    _settle(qtbot, jobs)
    assert heard[-1] == (10_000, 10_000)
    assert len(heard) < 10_000


def test_slow_receivers_do_not_starve_the_event_loop(qtbot: QtBot, jobs: Jobs) -> None:
    def work(token: CancelToken, progress: Progress, stream: Callable[[int], None]) -> None:
        for number in range(200):
            stream(number)

    ticks: list[None] = []
    timer = QTimer(interval=5)
    timer.timeout.connect(lambda: ticks.append(None))
    timer.start()
    jobs.submit_stream(Lane.IO, work, item=lambda number: time.sleep(0.002))
    _settle(qtbot, jobs)
    timer.stop()
    assert len(ticks) > 15, "400 ms of deliveries left no room for a 5 ms timer"


def test_deliveries_go_on_inside_a_dialog_that_a_callback_opened(qtbot: QtBot, jobs: Jobs) -> None:
    inner: list[int] = []

    def open_dialog(_: object) -> None:
        qtbot.waitUntil(lambda: len(inner) == 3, timeout=2000)

    jobs.submit(Lane.STORE, lambda token, progress: None, done=open_dialog)
    for number in range(3):
        jobs.submit(Lane.STORE, _giving(number), done=inner.append)
    _settle(qtbot, jobs)
    assert inner == [0, 1, 2]


def test_a_callback_that_raises_does_not_hold_up_the_others(qtbot: QtBot, jobs: Jobs) -> None:
    def stumble(_: object) -> None:
        raise ZeroDivisionError

    heard: list[int] = []
    with qtbot.captureExceptions() as raised:
        jobs.submit(Lane.STORE, lambda token, progress: 1, done=stumble)
        jobs.submit(Lane.STORE, lambda token, progress: 2, done=heard.append)
        _settle(qtbot, jobs)
    assert heard == [2]
    assert [kind for kind, _, _ in raised] == [ZeroDivisionError]


def test_idle_reached_once_all_is_delivered(qtbot: QtBot, jobs: Jobs) -> None:
    heard: list[int] = []
    with qtbot.waitSignal(jobs.idle_reached):
        for number in range(20):
            jobs.submit(Lane.IO, _giving(number), done=heard.append)
    assert sorted(heard) == list(range(20))


def test_shutdown_cancels_and_leaves_no_thread(qtbot: QtBot) -> None:
    jobs = Jobs()
    heard: list[object] = []
    for lane in Lane:
        for _ in range(5):
            jobs.submit(lane, _until_cancelled, done=heard.append, failed=heard.append)
    assert jobs.shutdown()
    assert not [t for t in threading.enumerate() if t.name.startswith("jobs-")]
    qtbot.wait(20)
    assert heard == []
    assert jobs.submit(Lane.IO, _until_cancelled).cancelled


def test_a_stuck_thread_does_not_hold_up_the_exit(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    started, release = threading.Event(), threading.Event()

    def hang(token: CancelToken, progress: Progress) -> None:
        started.set()
        release.wait(10)

    jobs = Jobs()
    jobs.submit(Lane.IO, hang)
    assert started.wait(2)
    assert not jobs.shutdown(wait_s=0.1), "it waited until the thread had ended"
    assert "still running" in caplog.text
    release.set()


def test_what_is_not_urgent_waits_while_it_is_held_back_and_no_longer_than_a_moment(qtbot: QtBot, jobs: Jobs) -> None:
    order: list[int] = []
    for let_go in (jobs.go_on, lambda: jobs._held.setInterval(0)):
        jobs._held.setInterval(600_000)  # the moment ends when this test says so, however slow the machine is
        jobs.hold_back()
        for priority in (HELD_FROM, HELD_FROM + 7, 0, HELD_FROM - 1):
            jobs.submit(Lane.IO, _giving(priority), done=order.append, priority=priority)
        qtbot.waitUntil(lambda: len(order) == 2, timeout=5000)
        qtbot.wait(50)
        assert sorted(order) == [0, HELD_FROM - 1]
        let_go()
        _settle(qtbot, jobs)
        assert sorted(order) == [0, HELD_FROM - 1, HELD_FROM, HELD_FROM + 7]
        order.clear()
