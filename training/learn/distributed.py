"""Several processes that train one run together, started by torchrun; and what holds where there is only one.

Every process has the whole learner and takes a slice of each batch. Gradients are summed, so that all of them make the
very same step; whatever is read from the run's folder or written to it is the first process's business (ADR 23).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed
from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm

from imaging.errors import NegatoscopeError
from inference.engines.engine import EngineMemoryError
from inference.screening.shards import Rank, rank_of

# A run may be paused, or one process may decode for hours; who dies closes its connection and is noticed at once.
_PATIENCE = timedelta(days=2)
_START = timedelta(minutes=10)  # until all processes have begun


class PeersError(NegatoscopeError):
    """The processes of a run can't work together; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The only process of a run: everything stays as it is."""

    rank: Rank = Rank()  # noqa: RUF009 - it is frozen

    @property
    def is_first(self) -> bool:
        return self.rank.rank == 0

    @property
    def world(self) -> int:
        return self.rank.world

    @property
    def draws(self) -> tuple[int, ...]:
        """What tells this process's random changes from those of the others; nothing where there are none."""
        return (self.rank.rank,) if self.world > 1 else ()

    def device(self) -> torch.device:
        """Where this process computes."""
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def slice_of(self, count: int) -> slice:
        """Which of `count` films are this process's: as many as any other's, but for one."""
        own, world = self.rank.rank, self.world
        return slice(own * count // world, (own + 1) * count // world)

    def sum_gradients(self, network: Module, loss: float) -> float:
        """Put the sum over all processes in the place of every gradient; the sum of their losses."""
        return loss

    def average_statistics(self, network: Module) -> None:
        """Put the mean over all processes in the place of what batch norm learnt."""

    def joined_rows(self, own: Tensor, count: int) -> Tensor:
        """Of rows [n, K] of this process's slice of `count`, all rows [count, K]."""
        return own

    def first_says(self, words: str) -> str:
        """What the first process passes here, for all of them."""
        return words

    def copy_first(self, network: Module) -> None:
        """Put the first process's weights in the place of one's own."""

    @contextlib.contextmanager
    def in_turn(self) -> Iterator[None]:
        """One process of each computer before the others: what it decodes or fetches is there for them."""
        yield

    @contextlib.contextmanager
    def sharing_trouble(self) -> Iterator[None]:
        """Where the memory of one process runs out, it ran out for all. Raises EngineMemoryError."""
        yield

    def check_same(self, what: str, value: object) -> None:
        """Raise PeersError unless all processes see the same; `what` names it in the sentence."""
        own = hashlib.sha256(repr(value).encode()).hexdigest()
        if self.first_says(own) != own:
            raise PeersError(f"The processes of this run do not see the same {what}; all need the same folders.")


@dataclass(frozen=True, slots=True)
class Together(Peers):
    """One of several processes. Every method is called by all of them, in the same order. Raises PeersError."""

    def device(self) -> torch.device:
        if not torch.cuda.is_available():
            return torch.device("cpu")
        return torch.device("cuda", self.rank.local_rank % torch.cuda.device_count())

    def sum_gradients(self, network: Module, loss: float) -> float:
        """One message: all gradients, then which weights have one at all, then the loss."""
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        parts = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
        device, numbers = weights[0].device, [float(weight.grad is not None) for weight in weights]
        whole = torch.cat([*(part.reshape(-1) for part in parts), torch.tensor([*numbers, loss], device=device)])
        _summed(whole)
        *sums, rest = torch.split(whole, [*(weight.numel() for weight in weights), len(weights) + 1])
        has_gradient = rest.tolist()
        for weight, found, has in zip(weights, sums, has_gradient, strict=False):
            weight.grad = found.view_as(weight) if has else None
        return float(has_gradient[-1])

    def average_statistics(self, network: Module) -> None:
        found = _learning_statistics(network)
        if not found:
            return
        whole = torch.cat([buffer.reshape(-1) for buffer in found]) / self.world
        _summed(whole)
        for buffer, mean in zip(found, torch.split(whole, [buffer.numel() for buffer in found]), strict=True):
            buffer.copy_(mean.view_as(buffer))

    def joined_rows(self, own: Tensor, count: int) -> Tensor:
        whole = torch.zeros((count, *own.shape[1:]), dtype=own.dtype)
        whole[self.slice_of(count)] = own.cpu()
        _summed(whole)
        return whole

    def first_says(self, words: str) -> str:
        content = torch.tensor(list(words.encode("utf-8")), dtype=torch.uint8)
        length = torch.tensor([len(content)])
        with _noticing():
            distributed.broadcast(length, 0)
            heard = content if self.is_first else torch.zeros(int(length), dtype=torch.uint8)
            distributed.broadcast(heard, 0)
        return bytes(heard.tolist()).decode("utf-8")

    def copy_first(self, network: Module) -> None:
        with _noticing(), torch.no_grad():
            for value in network.state_dict().values():
                sent = value.detach().contiguous()
                distributed.broadcast(sent, 0)
                value.copy_(sent)

    @contextlib.contextmanager
    def in_turn(self) -> Iterator[None]:
        if self.rank.local_rank:
            _meet()
        yield
        if not self.rank.local_rank:
            _meet()
        _meet()

    @contextlib.contextmanager
    def sharing_trouble(self) -> Iterator[None]:
        own: EngineMemoryError | None = None
        try:
            yield
        except EngineMemoryError as error:
            own = error
        flag = torch.tensor([float(own is not None)])
        _summed(flag)
        if float(flag) > 0:
            raise own or EngineMemoryError("The memory of another process ran out.")


@contextlib.contextmanager
def joined_peers() -> Iterator[Peers]:
    """The processes that torchrun's environment speaks of, met for as long as this lasts; else the only one.

    Raises PeersError, NegatoscopeError for an environment that contradicts itself.
    """
    rank = rank_of(os.environ)
    if rank.world == 1:
        yield Peers(rank)
        return
    if not distributed.is_available():
        raise PeersError("This build of PyTorch can't train in several processes.")
    peers = Together(rank)
    from training.learn.rendezvous import fresh_store

    device = peers.device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    try:
        store = fresh_store(rank, _START)
        distributed.init_process_group(
            _backend(device, rank), store=store, rank=rank.rank, world_size=rank.world, timeout=_PATIENCE
        )
    except (RuntimeError, ValueError, KeyError) as error:
        raise PeersError("The processes of this run can't meet; start them by torchrun.", detail=str(error)) from error
    try:
        yield peers
    finally:
        with contextlib.suppress(RuntimeError):  # of a process that is gone: why this one ends is told already
            distributed.destroy_process_group()


def _backend(device: torch.device, rank: Rank) -> str:
    """NCCL between GPUs, where each process has one for itself; gloo for all else."""
    has_own = device.type == "cuda" and torch.cuda.device_count() >= rank.local_world
    return "cpu:gloo,cuda:nccl" if has_own and distributed.is_nccl_available() else "gloo"


def _learning_statistics(network: Module) -> list[Tensor]:
    """Running means and variances of batch norm, where it learns: sums of what is kept would round it."""
    norms = (module for module in network.modules() if isinstance(module, _BatchNorm) and module.training)
    found = (statistic for norm in norms for statistic in (norm.running_mean, norm.running_var))
    return [statistic for statistic in found if statistic is not None]


def _summed(values: Tensor) -> None:
    with _noticing():
        distributed.all_reduce(values)


def _meet() -> None:
    _summed(torch.zeros(1))


@contextlib.contextmanager
def _noticing() -> Iterator[None]:
    """What torch says of a lost process, as ours."""
    try:
        yield
    except RuntimeError as error:
        raise PeersError(
            "Another process of this run has ended; the run goes on from its last checkpoint.", detail=str(error)
        ) from error
