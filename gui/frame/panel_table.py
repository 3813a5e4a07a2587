"""PANELS: the right column from top to bottom, one row a panel. Its menu entry, its place and its F1 follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from gui.controller import Controller
from gui.panels.findings import FindingsPanel
from gui.panels.heat_map import HeatMapPanel
from gui.panels.model_card import ModelPanel
from gui.panels.sensitivity import SensitivityPanel
from gui.panels.similar import SimilarPanel


@dataclass(frozen=True, slots=True)
class PanelRow:
    """`text` stands in the menu View, `topic` is the heading of the manual; the last panel stays at the foot."""

    name: str
    text: str
    topic: str
    make: Callable[[Controller], QWidget]

    @property
    def action(self) -> str:
        """The name of the action that opens and closes it."""
        return f"show_{self.name}"


def _findings(use: Controller) -> QWidget:
    return FindingsPanel(use.review, use.deciding, use.prevalences, use.similar)


def _similar(use: Controller) -> QWidget:
    return SimilarPanel(use.review, use.similar, use.thumbnails, use.deciding)


PANELS = (
    PanelRow("findings", "Findings", "scores#findings", _findings),
    PanelRow(
        "sensitivity",
        "Sensitivity",
        "scores#sensitivity",
        lambda use: SensitivityPanel(use.review, use.prevalences, use.changing),
    ),
    PanelRow("heat_map", "Heat map", "scores#heat-map", lambda use: HeatMapPanel(use.review, use.explaining)),
    PanelRow("similar", "Similar films", "scores#similar-films", _similar),
    PanelRow("model", "Model", "judging#the-model-card", lambda use: ModelPanel(use.review)),
)
