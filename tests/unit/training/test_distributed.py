"""What the processes of a run do together, by two real ones."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import torch

from inference.screening.shards import Rank
from training.learn.distributed import Peers, joined_peers
from training.learn.rendezvous import NobodyThereError, fresh_store

TOGETHER = """
import torch
from torch import nn
from inference.engines.engine import EngineMemoryError
from training.learn.distributed import PeersError, joined_peers

with joined_peers() as peers:
    own = peers.rank.rank
    torch.manual_seed(own)
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3).eval())
    peers.copy_first(network)
    peers.check_same("weights", network[0].weight.tolist())

    network[0].weight.grad = torch.full((3, 2), 1.0 + own)
    if own == 1:
        network[1].weight.grad = torch.full((3,), 5.0)
    assert peers.sum_gradients(network, 0.5 + own) == 2.0
    assert torch.equal(network[0].weight.grad, torch.full((3, 2), 3.0))
    assert torch.equal(network[1].weight.grad, torch.full((3,), 5.0))
    assert network[0].bias.grad is None

    network[1].running_mean.fill_(float(own))
    network[2].running_mean.fill_(float(own))
    peers.average_statistics(network)
    assert network[1].running_mean.tolist() == [0.5] * 3
    assert network[2].running_mean.tolist() == [float(own)] * 3, "what is kept stays to the bit"

    rows = torch.arange(10.0).view(5, 2)
    assert torch.equal(peers.joined_rows(rows[peers.slice_of(5)], 5), rows)
    assert peers.first_says(f"process {own}: ü") == "process 0: ü"
    assert peers.first_says("" if own == 0 else "x") == ""

    with peers.sharing_trouble():
        pass
    try:
        with peers.sharing_trouble():
            if own == 1:
                raise EngineMemoryError("no memory")
    except EngineMemoryError:
        print("trouble shared")
    with peers.in_turn():
        print("in turn", own)
    try:
        peers.check_same("films", own)
    except PeersError as error:
        assert own == 1 and "the same films" in str(error)
    if own == 0:
        raise SystemExit
    try:
        peers.first_says("")
    except PeersError as error:
        print(error)
"""


def test_two_processes_agree(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    said = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    if sys.platform != "linux":
        del said["GLOO_SOCKET_IFNAME"]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER],
            env={**os.environ, **said, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for rank, process in enumerate(both):
        out, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
        assert "trouble shared" in out
        assert f"in turn {rank}" in out
        assert ("Another process of this run has ended" in out) == (rank == 1)


def test_every_start_has_a_room_of_its_own_in_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchrun's store outlives the processes; what those of an earlier start left there is not read."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    agent = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(agent.port))
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    agent.set("negatoscope/asks/2", "one that was killed before it was answered")
    for start in range(3):
        with ThreadPoolExecutor(3) as pool:
            stores = list(pool.map(lambda rank: fresh_store(Rank(rank, 3), timedelta(seconds=30)), range(3)))
        assert not any(store.check(["address"]) for store in stores)
        stores[0].set("address", str(start))
        assert [store.get("address").decode() for store in stores] == [str(start)] * 3
    with pytest.raises(NobodyThereError):
        fresh_store(Rank(0, 2), timedelta(seconds=0.2))


@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_slices_are_all_films_once_and_evenly(world: int) -> None:
    for count in (0, 1, 5, 32, 33):
        slices = [range(count)[Peers(Rank(rank, world)).slice_of(count)] for rank in range(world)]
        assert [film for own in slices for film in own] == list(range(count))
        assert max(map(len, slices)) - min(map(len, slices)) <= 1


def test_the_only_process_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with joined_peers() as peers:
        assert (peers.world, peers.is_first, peers.draws) == (1, True, ())
        rows = torch.ones(3, 2)
        assert peers.joined_rows(rows, 3) is rows
        peers.check_same("films", object())
