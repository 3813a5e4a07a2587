"""Between a run that learns and its folder: what happens is told there, and what is wanted is read there."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field

from imaging.progress import CancelToken
from training.learn.distributed import Peers
from training.running.events import RunEvent, Told
from training.running.run_dir import RunDir, RunError
from training.running.turn import rest


@dataclass(slots=True)
class FolderWatcher:
    """Tells the run's folder what happens, and asks it what is wanted. Of several processes the first one does, and
    the others hear from it between two steps.
    """

    run: RunDir
    peers: Peers = field(default_factory=Peers)
    token: CancelToken = field(default_factory=CancelToken)
    step: int = 0
    heard: str = ""

    def tell(self, event: RunEvent) -> None:
        self.step = getattr(event, "step", self.step)
        if self.peers.is_first:
            self.run.append(event)

    def tell_last(self, event: RunEvent) -> None:
        """How the run ended. What can't be told is no reason to hide why it ended."""
        if self.peers.is_first:
            with suppress(RunError):
                self.run.append_last(event)

    def say(self, words: str) -> None:
        """What has no steps is cancelled here: whoever works next asks the token."""
        if self.run.wish() == "cancel":
            self.token.cancel()
        self.tell(Told(time.time(), words))

    def check(self) -> None:
        """Rest while the run is paused. Raises Cancelled."""
        if self.peers.is_first and self.run.is_paused and self.run.wish() == "":
            rest(self.run)
        self.heard = self.peers.first_says(self.run.wish() if self.peers.is_first else "")
        if self.heard == "cancel":
            self.token.cancel()
        self.token.check()

    def keeps_best(self) -> bool:
        return (self.run.wish() if self.peers.world == 1 else self.heard) == "keep"
