"""PySide6 6.12.0 loses a reference of True with every emit and every disconnect, and dies after some hundred."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication


class _Sender(QObject):
    sent = Signal(int)


class _Receiver(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    @Slot(int)
    def receive(self, value: int) -> None:
        self.total += value


def test_a_hundred_thousand_emits_do_not_end_the_process(qapp: QApplication) -> None:
    sender, receiver = _Sender(), _Receiver()
    sender.sent.connect(receiver.receive)
    for _ in range(100_000):
        sender.sent.emit(1)
    assert receiver.total == 100_000


def test_connecting_and_disconnecting_a_thousand_times(qapp: QApplication) -> None:
    sender, receiver = _Sender(), _Receiver()
    for _ in range(1_000):
        sender.sent.connect(receiver.receive)
        sender.sent.disconnect(receiver.receive)
    sender.sent.emit(1)
    assert receiver.total == 0
