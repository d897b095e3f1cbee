"""Kit's menus and actions, as small as our extension uses them; both count what is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass
class MenuItemDescription:
    name: str = ""
    onclick_action: tuple[str, str] | None = None
    appear_after: Any = ""


@dataclass
class Action:
    extension_id: str
    id: str
    python_object: Callable[..., Any] | None
    display_name: str
    description: str

    def execute(self, *arguments: Any) -> Any:
        return None if self.python_object is None else self.python_object(*arguments)


@dataclass
class ActionRegistry:
    found: dict[tuple[str, str], Action] = field(default_factory=dict)

    def register_action(
        self,
        extension_id: str,
        action_id: str,
        python_object: Callable[..., Any],
        display_name: str = "",
        description: str = "",
        icon_url: str = "",
        tag: str = "",
    ) -> Action:
        if (extension_id, action_id) in self.found:
            raise AssertionError(f"the action {extension_id} {action_id} is registered twice")
        action = Action(extension_id, action_id, python_object, display_name, description)
        self.found[extension_id, action_id] = action
        return action

    def get_action(self, extension_id: str, action_id: str) -> Action | None:
        return self.found.get((extension_id, action_id))

    def execute_action(self, extension_id: str, action_id: str, *arguments: Any) -> Any:
        action = self.found.get((extension_id, action_id))
        return None if action is None else action.execute(*arguments)

    def deregister_all_actions_for_extension(self, extension_id: str, invalidate: bool = True) -> None:
        for key in [key for key in self.found if key[0] == extension_id]:
            action = self.found.pop(key)
            if invalidate:
                action.python_object = None  # whoever still holds it can press it without harm


class MenuWorld:
    """What stands in the menu bar, and which actions there are."""

    def __init__(self) -> None:
        self.actions = ActionRegistry()
        self.entries: dict[str, list[list[MenuItemDescription]]] = {}

    def alive(self) -> dict[str, int]:
        return {"menu entries": sum(map(len, self.entries.values())), "actions": len(self.actions.found)}

    def add_menu_items(self, menu: list[MenuItemDescription], name: str, menu_index: int = 0) -> None:
        self.entries.setdefault(name, []).append(menu)

    def remove_menu_items(self, menu: list[MenuItemDescription], name: str) -> None:
        self.entries[name].remove(menu)

    def click(self, menu: str, name: str) -> None:
        """Choose an entry as a person does."""
        item = next(item for items in self.entries[menu] for item in items if item.name == name)
        self.actions.execute_action(*item.onclick_action)

    def modules(self) -> dict[str, ModuleType]:
        utils = ModuleType("omni.kit.menu.utils")
        utils.__dict__.update(
            MenuItemDescription=MenuItemDescription,
            add_menu_items=self.add_menu_items,
            remove_menu_items=self.remove_menu_items,
        )
        core = ModuleType("omni.kit.actions.core")
        core.__dict__.update(get_action_registry=lambda: self.actions, Action=Action)
        return {"omni.kit.menu.utils": utils, "omni.kit.actions.core": core}
