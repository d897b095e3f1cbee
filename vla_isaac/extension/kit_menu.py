"""Entry in the Window menu, and an action per button for hotkeys and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vla_isaac.extension.kit import require

actions = require("omni.kit.actions.core")  # source: docs.omniverse.nvidia.com omni.kit.actions.core, Python usage
menus = require("omni.kit.menu.utils")  # source: docs.omniverse.nvidia.com omni.kit.menu.utils, MenuItemDescription

MENU = "Window"
TITLE = "VLA Isaac"
TOGGLE = "toggle_window"


class MenuAndActions:
    """Menu entry and actions, registered under the extension's id until `close`."""

    def __init__(self, ext_id: str, doing: Mapping[str, Callable[[], None]]) -> None:
        """Register one action per name in `doing`, and the menu entry for the one called `TOGGLE`."""
        self._ext_id = ext_id
        registry = actions.get_action_registry()
        for name, do in doing.items():
            registry.register_action(
                ext_id,
                name,
                do,
                display_name=f"{TITLE}: {name.replace('_', ' ')}",
                description=_ABOUT.get(name, ""),
                tag=TITLE,
            )
        self._items: list[Any] = [menus.MenuItemDescription(name=TITLE, onclick_action=(ext_id, TOGGLE))]
        menus.add_menu_items(self._items, MENU)

    def close(self) -> None:
        """Remove entry and actions; may be called twice."""
        if self._items:
            menus.remove_menu_items(self._items, MENU)
            self._items = []
            actions.get_action_registry().deregister_all_actions_for_extension(self._ext_id)


_ABOUT = {
    "load": "Build the chosen scene below /World/VLA, in the open stage or in a new one, as chosen in the panel. "
    "Before a new stage closes one with prims of yours, the panel asks, and a second call confirms.",
    "run": "Let the policy follow the instruction, or resume after a pause.",
    "pause": "Hold the arm and stop time.",
    "stop": "End the run; the arm holds.",
    "reset": "Lay the scene out again from its seed.",
    "record": "Turn the recording of runs on or off.",
    "home": "Move the arm to its ready posture.",
    "open_gripper": "Open the fingers.",
    "run_episodes": "Run several episodes, each with the next seed, and count the successes.",
    "self_test": "Check what the extension assumes about Isaac Sim and write a report.",
    "recordings": "Open the folder of the recordings.",
    TOGGLE: "Show or hide the panel.",
}
