"""An engine that survives its GPU: smaller batches when memory runs out, then the CPU."""

from __future__ import annotations

import logging
from collections.abc import Callable

from inference.engine import Engine, EngineLostError, EngineMemoryError, Floats, Output, joined

_LOG = logging.getLogger(__name__)


class FallbackEngine:
    """Runs on `gpu`. Out of memory, the batch is halved down to one film; then, or when the GPU is gone, `make_cpu`
    gives the engine that is used from there on. `make_cpu` takes the sentence that says why.
    """

    def __init__(self, gpu: Engine, make_cpu: Callable[[str], Engine]) -> None:
        self._engine = gpu
        self._make_cpu: Callable[[str], Engine] | None = make_cpu
        self._batch: int | None = None

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def why(self) -> str:
        return self._engine.why

    def run(self, films: Floats) -> Output:
        size = min(self._batch or len(films), len(films))
        try:
            return joined([self._engine.run(films[start : start + size]) for start in range(0, len(films), size)])
        except EngineMemoryError as error:
            if self._make_cpu is None:
                raise
            _LOG.warning("%s had no memory for %d films: %s", self.name, size, error.detail)
            if size > 1:
                self._batch = size // 2
            else:
                self._leave_gpu("the GPU's memory ran out")
        except EngineLostError as error:
            if self._make_cpu is None:
                raise
            _LOG.warning("%s is gone: %s", self.name, error.detail)
            self._leave_gpu("the GPU stopped answering")
        return self.run(films)

    def _leave_gpu(self, reason: str) -> None:
        assert self._make_cpu is not None
        self._engine, self._make_cpu, self._batch = self._make_cpu(reason), None, None
