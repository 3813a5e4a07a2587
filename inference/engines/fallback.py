"""An engine that survives its GPU: smaller batches when memory runs out, then the CPU."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from inference.engines.engine import (
    Engine,
    EngineError,
    EngineLostError,
    EngineMemoryError,
    Floats,
    Output,
    is_concurrent,
    joined,
    wanted_batch,
)

_LOG = logging.getLogger(__name__)


class FallbackEngine:
    """Runs on `gpu`. Out of memory, the batch is halved down to one film; then, or when the GPU is gone, `make_cpu`
    gives the engine that is used from there on. `make_cpu` takes the sentence that says why.

    Where several threads run batches at a time and the GPU fails them all, the first one changes the engine.
    """

    def __init__(self, gpu: Engine, make_cpu: Callable[[str], Engine]) -> None:
        self._engine = gpu
        self._make_cpu: Callable[[str], Engine] | None = make_cpu
        self._batch: int | None = None
        self._change = threading.Lock()

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def why(self) -> str:
        return self._engine.why

    @property
    def concurrent(self) -> bool:
        """Whether several threads may run batches: the engine in use decides."""
        return is_concurrent(self._engine)

    @property
    def wanted_batch(self) -> int:
        """How many films the engine in use would like at a time, no more than there was memory for."""
        wanted = wanted_batch(self._engine)
        return min(wanted, self._batch or wanted)

    def run(self, films: Floats) -> Output:
        while True:
            engine, size = self._engine, min(self._batch or len(films), len(films))
            try:
                return joined([engine.run(films[start : start + size]) for start in range(0, len(films), size)])
            except (EngineMemoryError, EngineLostError) as error:
                self._give_way(engine, size, error)

    def _give_way(self, failed: Engine, size: int, error: EngineError) -> None:
        """After `failed` could not run `size` films: less of them, or the CPU. Raises `error` where it was the CPU."""
        with self._change:
            if failed is not self._engine:  # another thread changed it meanwhile
                return
            if self._make_cpu is None:
                raise error
            if isinstance(error, EngineLostError):
                _LOG.warning("%s is gone: %s", failed.name, error.detail)
                self._leave_gpu(self._make_cpu, "the GPU stopped answering")
                return
            _LOG.warning("%s had no memory for %d films: %s", failed.name, size, error.detail)
            if size > 1:
                self._batch = min(self._batch or size, size // 2)
            else:
                self._leave_gpu(self._make_cpu, "the GPU's memory ran out")

    def _leave_gpu(self, make_cpu: Callable[[str], Engine], reason: str) -> None:
        self._engine, self._make_cpu, self._batch = make_cpu(reason), None, None
