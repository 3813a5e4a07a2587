"""What an engine says of many films held in memory."""

from __future__ import annotations

from inference.engines.engine import Engine, Output, joined
from inference.scoring.preprocess import Grey, to_input


def run_engine(engine: Engine, films: Grey, batch: int = 16) -> Output:
    """The outputs of films, uint8 [N, S, S] with N above zero, in batches. Raises EngineError."""
    return joined([engine.run(to_input(films[start : start + batch])) for start in range(0, len(films), batch)])
