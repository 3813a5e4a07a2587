"""What the reader wants to see: the heat map, the AI at all, whose films they are. No score depends on any of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from gui.second_reader.scores import GRAD_CAM


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """What is painted of the heat map. `threshold` and `opacity` are 0 to 1; `label` None follows the scores.

    `method` is one of `inference.maps.explain`.
    """

    shown: bool = False
    threshold: float = 0.4
    opacity: float = 0.55
    label: str | None = None
    method: str = GRAD_CAM


class Visibility(QObject):
    """Whoever puts something on the screen asks here whether it is wanted there."""

    overlay_changed = Signal()
    ai_toggled = Signal(bool)  # visible
    patient_toggled = Signal(bool)  # hidden

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._overlay = OverlaySettings()
        self._ai_visible = True
        self._patient_hidden = False

    @property
    def overlay(self) -> OverlaySettings:
        return self._overlay

    def set_overlay(self, overlay: OverlaySettings) -> None:
        if overlay != self._overlay:
            self._overlay = overlay
            self.overlay_changed.emit()

    @property
    def overlay_visible(self) -> bool:
        """Whether a map is wanted on the film, and the AI that it is of."""
        return self._overlay.shown and self._ai_visible

    def show_overlay(self, shown: bool) -> None:
        """Lay the map over the film or take it away; either brings back an AI that is hidden."""
        self.set_ai_visible(True)
        self.set_overlay(replace(self._overlay, shown=shown))

    @property
    def ai_visible(self) -> bool:
        return self._ai_visible

    def set_ai_visible(self, visible: bool) -> None:
        if visible != self._ai_visible:
            self._ai_visible = visible
            self.ai_toggled.emit(visible)

    @property
    def patient_hidden(self) -> bool:
        """Names of patients, files and folders do not show."""
        return self._patient_hidden

    def set_patient_hidden(self, hidden: bool) -> None:
        if hidden != self._patient_hidden:
            self._patient_hidden = hidden
            self.patient_toggled.emit(hidden)


def recalled_overlay(stored: object) -> OverlaySettings | None:
    """The overlay of an earlier session; None where none was kept. Numbers and switches only, within their range: the
    file is the user's to change.
    """
    if not isinstance(stored, dict):
        return None
    usual = OverlaySettings()
    return OverlaySettings(
        shown=stored.get("shown") is True,
        threshold=_share(stored.get("threshold"), usual.threshold),
        opacity=_share(stored.get("opacity"), usual.opacity),
    )


def _share(value: object, usual: float) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else usual
