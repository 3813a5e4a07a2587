"""Where the processes of a run leave each other word: torchrun's store, in a room of its own for every start.

torchrun keeps one store through its restarts, and PyTorch (2.13) writes the addresses of every start under the same
names: a process may read the address of one that was killed, and fail to connect. So they agree on a new name first.
"""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

from torch.distributed import PrefixStore, Store, TCPStore  # type: ignore[attr-defined]  # public, but re-exported

from inference.screening.shards import Rank

_LOOK_SECONDS = 0.05
_OWN = "negatoscope"


class NobodyThereError(RuntimeError):
    """Not all processes came."""


def fresh_store(rank: Rank, patience: timedelta) -> Store:
    """The store of this start, once all its processes are there. Raises NobodyThereError, RuntimeError, KeyError,
    ValueError.
    """
    is_agents = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"  # else the first process serves it
    store = TCPStore(
        os.environ["MASTER_ADDR"],
        int(os.environ["MASTER_PORT"]),
        is_master=rank.rank == 0 and not is_agents,
        timeout=patience,
        wait_for_workers=False,
    )
    until = time.monotonic() + patience.total_seconds()
    return PrefixStore(_invited(store, rank, until) if rank.rank else _inviting(store, rank.world, until), store)


def _inviting(store: Store, world: int, until: float) -> str:
    """The first process makes the name up, and answers whoever asks for it until all have it. What processes of an
    earlier start asked is answered too; nobody reads it.
    """
    name = f"{_OWN}/{uuid.uuid4().hex}"
    missing = set(range(1, world))
    while missing:
        for rank in sorted(missing):
            asked = f"{_OWN}/asks/{rank}"
            if store.check([asked]):
                store.set(f"{_OWN}/answer/{store.get(asked).decode()}", name)
            if store.check([f"{name}/has/{rank}"]):
                missing.remove(rank)
        _wait(until)
    return name


def _invited(store: Store, rank: Rank, until: float) -> str:
    own = uuid.uuid4().hex
    store.set(f"{_OWN}/asks/{rank.rank}", own)
    while not store.check([f"{_OWN}/answer/{own}"]):
        _wait(until)
    name = str(store.get(f"{_OWN}/answer/{own}").decode())
    store.set(f"{name}/has/{rank.rank}", "")
    return name


def _wait(until: float) -> None:
    if time.monotonic() > until:
        raise NobodyThereError("not all processes came")
    time.sleep(_LOOK_SECONDS)
