"""The windows that `snapshot --show` can picture besides the main one: how each is opened, and when it is complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QWidget

if TYPE_CHECKING:
    from gui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class Pictured:
    """`advance` is asked again and again with the opened window and the named path until it says True: complete."""

    open: Callable[[MainWindow], QWidget]
    advance: Callable[[QWidget, Path], bool] = lambda window, path: True
    opens_films: bool = True  # else the path is for the window itself: labelled films, or a run


def _manual(window: MainWindow) -> QWidget:
    window.commands.windows.show_manual()
    assert window.commands.windows.manual is not None
    return window.commands.windows.manual


def _check(window: MainWindow) -> QWidget:
    window.commands.work.show_check()
    assert window.commands.work.check is not None
    return window.commands.work.check


def _card(window: MainWindow) -> QWidget:
    window.commands.windows.show_model_card()
    return _newest_dialog(window)


def _keys(window: MainWindow) -> QWidget:
    window.commands.windows.show_keys()
    return _newest_dialog(window)


def _newest_dialog(window: MainWindow) -> QWidget:
    return next(reversed([found for found in window.findChildren(QDialog) if found.isVisible()]))


def _wizard(window: MainWindow) -> QWidget:
    window.commands.work.show_wizard()
    assert window.commands.work.wizard is not None
    return window.commands.work.wizard


def _manual_is_read(window: QWidget, _: Path) -> bool:
    from gui.manual.window import ManualWindow

    return isinstance(window, ManualWindow) and window.settled


def _films_are_found(window: QWidget, path: Path) -> bool:
    """The first page of the wizard, with what was found in these films."""
    from gui.wizard.window import WizardWindow

    if not isinstance(window, WizardWindow) or window.training.catalogue is None:
        return False
    training = window.training
    if training.found is None and not training.is_inspecting:
        window.data.take(path)
    return training.found is not None and not training.is_inspecting


def _plan_is_estimated(window: QWidget, path: Path) -> bool:
    from gui.wizard.window import PLAN, WizardWindow

    if not isinstance(window, WizardWindow) or not _films_are_found(window, path):
        return False
    if window.current != PLAN:
        window.go_to(PLAN)
        return False
    way = window.plan.way
    return bool(way.estimate.text()) and way.again.isEnabled()


def _run_is_shown(window: QWidget, path: Path) -> bool:
    from gui.wizard.window import RUN, WizardWindow

    if not isinstance(window, WizardWindow) or window.training.catalogue is None:
        return False
    if window.current != RUN:
        window.run.show_run(path)
        window.go_to(RUN)
    return window.run.is_finished


def _result_is_shown(window: QWidget, path: Path) -> bool:
    from gui.wizard.window import RESULT, WizardWindow

    if not isinstance(window, WizardWindow) or window.training.catalogue is None:
        return False
    if window.current != RESULT:
        if window.run.path is None:
            window.run.show_run(path)
            window.run.show()  # its clock reads the folder
        window.go_to(RESULT)
        return False
    return window.result.judgement is not None and window.training.jobs.idle


PICTURED: Mapping[str, Pictured] = {
    "manual": Pictured(_manual, _manual_is_read),
    "settings": Pictured(lambda window: window.commands.windows.show_settings()),
    "keys": Pictured(_keys),
    "card": Pictured(_card),
    "check": Pictured(_check),
    "films": Pictured(_wizard, _films_are_found, opens_films=False),
    "plan": Pictured(_wizard, _plan_is_estimated, opens_films=False),
    "run": Pictured(_wizard, _run_is_shown, opens_films=False),
    "result": Pictured(_wizard, _result_is_shown, opens_films=False),
}
