"""What the reader can ask for: one table of rows that makes the menus, the shortcuts and the help page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QIcon, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from gui.frame.icons import icon
from gui.frame.panel_table import PANELS
from gui.settings import VIEWS
from gui.viewport.tools import TOOLS


@dataclass(frozen=True, slots=True)
class Row:
    """One action. `shortcuts` are in Qt's portable text; the first is the one that menus show.

    `group` names the actions of which exactly one is on; `rule` draws a line above the row in its menu.
    """

    name: str
    text: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    group: str = ""
    rule: bool = False
    tip: str = ""


MENUS = ("File", "Edit", "View", "Tools", "AI", "Help")

ROWS: tuple[Row, ...] = (
    Row("open_files", "Open files…", "File", ("Ctrl+O",), "file"),
    Row("open_folder", "Open folder…", "File", ("Ctrl+Shift+O",), "folder"),
    Row("practice", "Practice films", "File", (), "film"),
    Row("close_films", "Close all films", "File", ("Ctrl+W",), rule=True),
    Row("quit", "Quit", "File", ("Ctrl+Q",), rule=True),
    Row("undo", "Undo", "Edit", ("Ctrl+Z",), "undo"),
    Row("redo", "Redo", "Edit", ("Ctrl+Y", "Ctrl+Shift+Z"), "redo"),
    Row("settings", "Settings…", "Edit", ("Ctrl+,",), "settings", rule=True),
    Row("film_next", "Next film", "View", ("Down", "Right")),
    Row("film_previous", "Previous film", "View", ("Up", "Left")),
    Row("study_next", "Next study", "View", ("PgDown",)),
    Row("study_previous", "Previous study", "View", ("PgUp",)),
    Row("fit", "Fit", "View", ("=",), "fit", rule=True, tip="Fit the film into the window"),
    Row("one_to_one", "1:1", "View", ("Ctrl+1",), "one-to-one", tip="One film pixel to one screen pixel"),
    Row("zoom_in", "Zoom in", "View", ("Ctrl++", "Ctrl+=")),
    Row("zoom_out", "Zoom out", "View", ("Ctrl+-",)),
    Row("invert", "Invert", "View", ("Ctrl+I",), "invert", checkable=True, rule=True, tip="Turn black and white round"),
    Row("rotate_right", "Rotate right", "View", ("R", "Alt+R"), "rotate"),
    Row("rotate_left", "Rotate left", "View", ("Alt+L",)),
    Row("flip", "Flip left and right", "View", ("Alt+F",), "flip"),
    Row("flip_vertical", "Flip top and bottom", "View", ("Alt+Shift+F",)),
    Row("reset", "Reset the display", "View", ("Esc",)),
    Row("corner_text", "Corner text: full, short, off", "View", ("I",), rule=True),
    Row("graphics", "Graphics of the file", "View", ("O",), checkable=True, tip="What the file draws over its film"),
    Row("hide_patient", "Hide patient data", "View", ("Ctrl+H",), checkable=True),
    Row("show_list", "Film list", "View", ("F7",), checkable=True, rule=True),
    *(Row(panel.action, panel.text, "View", (), checkable=True) for panel in PANELS),
    Row("show_status", "Status bar", "View", (), checkable=True),
    Row("full_screen", "Full screen", "View", ("F11",), checkable=True, rule=True),
    *(Row(f"tool_{t.name}", t.title, "Tools", (t.key,), t.icon, True, "tool", tip=t.tip) for t in TOOLS.values()),
    Row("overlay", "AI overlay", "AI", ("G",), "overlay", checkable=True, tip="Show the heat map on the film"),
    Row("ai_visible", "Show AI", "AI", ("Space",), checkable=True, tip="Show or hide everything the model says"),
    Row("seen", "What the model sees", "AI", ("M",), "eye", checkable=True, tip="The network's input, pixel by pixel"),
    Row("next_flagged", "Next flagged film", "AI", ("N",), "flag"),
    Row("cancel", "Stop analysing", "AI", ("Ctrl+.",), rule=True),
    Row("resume", "Go on analysing", "AI"),
    Row("analyse_on_opening", "Analyse films when they are opened", "AI", (), checkable=True),
    Row("views", f"Average {VIEWS} views of each film ({VIEWS} times the time)", "AI", (), checkable=True),
    Row("check_model", "Check this model on my films…", "AI", rule=True),
    Row("train_model", "Train a model…", "AI", tip="From films of your own that are labelled"),
    Row("manual", "Manual", "Help", ("F1",), "help", tip="The page of what the cursor is over"),
    Row("help", "Keys and mouse", "Help", ("H",), "key"),
    Row("model_card", "Model card", "Help"),
    Row("support", "Save a report for support…", "Help", tip="A zip file with nothing of a patient in it", rule=True),
    Row("about", "About Negatoscope", "Help"),
)


class ShortcutConflictError(ValueError):
    """Two actions ask for the same keys."""


def check(rows: Iterable[Row]) -> None:
    """Refuse a table in which two rows share keys or a name, in one sentence that names both."""
    owners: dict[str, str] = {}
    names: set[str] = set()
    for row in rows:
        if row.name in names:
            raise ShortcutConflictError(f"Two actions are called {row.name!r}.")
        names.add(row.name)
        for keys in row.shortcuts:
            spelled = QKeySequence(keys).toString()
            if spelled in owners:
                raise ShortcutConflictError(f"{spelled} is asked for by {owners[spelled]!r} and by {row.text!r}.")
            owners[spelled] = row.text


def build(parent: QWidget, rows: Sequence[Row] = ROWS) -> dict[str, QAction]:
    """Actions by name, with their shortcuts alive in `parent`'s window."""
    check(rows)
    groups: dict[str, QActionGroup] = {}
    made: dict[str, QAction] = {}
    for row in rows:
        action = QAction(row.text, parent)
        action.setIcon(icon(row.icon) if row.icon else QIcon())
        action.setShortcuts([QKeySequence(keys) for keys in row.shortcuts])
        action.setCheckable(row.checkable)
        action.setToolTip(_tip(row))
        if row.group:
            groups.setdefault(row.group, QActionGroup(parent)).addAction(action)
        parent.addAction(action)
        made[row.name] = action
    return made


def _tip(row: Row) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    keys = f" ({QKeySequence(row.shortcuts[0]).toString(native)})" if row.shortcuts else ""
    return f"{row.text}{keys}" + (f"\n{row.tip}" if row.tip else "")


def fill_menus(parent: QWidget, actions: Mapping[str, QAction], rows: Sequence[Row] = ROWS) -> dict[str, QMenu]:
    """One menu for each name of `MENUS`, in the table's order.

    The titles have no mnemonic: Alt+F and its sisters belong to rotating and flipping.
    """
    menus = {name: QMenu(name, parent) for name in MENUS}
    for row in rows:
        if row.rule:
            menus[row.menu].addSeparator()
        menus[row.menu].addAction(actions[row.name])
    return menus
