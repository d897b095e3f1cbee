"""`Entrances`: the ways to the panel and its commands besides its window: menu, Kit actions, examples browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vla_isaac.extension.kit_events import extension_folder
from vla_isaac.extension.kit_examples import ExamplesEntry
from vla_isaac.extension.kit_menu import TOGGLE, MenuAndActions
from vla_isaac.extension.panel_buttons import BUTTONS, TOOLS


class Entrances:
    """There until `close`; one that cannot be made is reported and the others are there."""

    def __init__(
        self,
        ext_id: str,
        *,
        press: Callable[[str], None],
        toggle: Callable[[], None],
        show: Callable[[], None],
        safely: Callable[[str, Callable[[], Any]], None],
    ) -> None:
        """Make the entrances.

        Args:
            ext_id: Kit's id of this extension.
            press: Runs the command of a button.
            toggle: Shows or hides the panel.
            show: Shows the panel.
            safely: Calls its second argument; an exception becomes a message about the first.
        """
        self._parts: list[MenuAndActions | ExamplesEntry] = []
        self._safely = safely

        def add_menu() -> None:
            doing: dict[str, Callable[[], None]] = {name: _presser(press, name) for name in (*BUTTONS, *TOOLS)}
            self._parts.append(MenuAndActions(ext_id, {**doing, TOGGLE: toggle}))

        def add_example() -> None:
            self._parts.append(ExamplesEntry(show, Path(extension_folder(ext_id)) / "data" / "icon.png"))

        safely("menu and actions", add_menu)
        safely("the entry in the examples browser", add_example)

    def close(self) -> None:
        """Remove them; may be called twice."""
        for part in self._parts:
            self._safely("closing", part.close)
        self._parts.clear()


def _presser(press: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: press(name)
