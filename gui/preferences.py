"""The settings in force: read once the window shows, written when the reader changes one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from gui.jobs import Jobs, Lane
from gui.settings import Loaded, Settings, Value, change_settings, load_settings, locked_settings, row
from imaging.errors import NegatoscopeError
from imaging.site import LOCKED

READING, KEEPING = "Reading the settings…", "Keeping the settings…"


class Preferences(QObject):
    """Until the file is read the usual values are in force; so they are where none may be touched, but for what the
    administrator has locked.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, jobs: Jobs, parent: QObject | None = None, *, keep: bool = True) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._keep = keep
        self.settings = Settings()
        self._unsaved: deque[tuple[str, Value]] = deque()
        self._early: dict[str, Value] | None = None  # changed while the file is being read; None at other times

    def read(self, then: Callable[[], None] = lambda: None) -> None:
        """Read the file in the background; `then` is called once the settings are in force."""

        def loaded(read: Loaded) -> None:
            self._loaded(read)
            then()

        def unread(_error: NegatoscopeError) -> None:
            self._early = None
            then()

        self._early = {}
        load = load_settings if self._keep else locked_settings
        self._jobs.submit(Lane.STORE, lambda token, progress: load(), done=loaded, failed=unread, words=READING)

    def change(self, key: str, value: Value) -> None:
        """Change one value and keep it; what the administrator has locked stays, and says so."""
        if self.settings[key] == value:
            return
        if key in self.settings.locked:
            self.failed.emit(f"{row(key).label}: {LOCKED[0].lower()}{LOCKED[1:]}")
            self.changed.emit()  # whoever showed the new value takes it back
            return
        self.settings = self.settings.changed(key, value)
        self.changed.emit()
        if self._early is not None:
            self._early[key] = value  # saved now, it would take the usual values of all others with it
        elif self._keep:
            self._save({key: value})

    def _save(self, changes: Mapping[str, Value]) -> None:
        self._unsaved.extend(changes.items())
        self._jobs.submit(Lane.STORE, lambda token, progress: self.close(), failed=self._failed, words=KEEPING)

    def close(self) -> None:
        """Save what is not saved yet. On the store lane, and once more when it has ended. What fails is kept for the
        next time. Raises NegatoscopeError.
        """
        changes: list[tuple[str, Value]] = []
        while self._unsaved:
            changes.append(self._unsaved.popleft())
        try:
            if changes:
                change_settings(dict(changes))
        except NegatoscopeError:
            self._unsaved.extendleft(reversed(changes))
            raise

    def _loaded(self, loaded: Loaded) -> None:
        self.settings = loaded.settings
        early = {key: value for key, value in (self._early or {}).items() if key not in self.settings.locked}
        self._early = None
        for key, value in early.items():
            self.settings = self.settings.changed(key, value)
        self.changed.emit()
        if early and self._keep:
            self._save(early)
        if loaded.message:
            self.failed.emit(loaded.message)

    def _failed(self, error: NegatoscopeError) -> None:
        self.failed.emit(error.message)
