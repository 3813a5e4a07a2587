"""Is this a film that the model may speak about? Cards of schema 1 carry no gate: every film is accepted."""

from __future__ import annotations

from inference.results import GateVerdict


def verdict(gate: None) -> GateVerdict:
    """The verdict of a card's gate on a film: accepted, no reasons, where there is no gate (contract.md)."""
    return GateVerdict(accepted=gate is None)
