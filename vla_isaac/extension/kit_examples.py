"""`ExamplesEntry`: the entry in Isaac Sim's examples browser; nothing where that browser is missing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_menu import TITLE

carb = require("carb")  # source: docs.omniverse.nvidia.com Carbonite SDK, Python: carb.log_*
ui = require("omni.ui")  # source: docs.omniverse.nvidia.com omni.ui: Label, Button

CATEGORY = "Manipulation"  # in which Isaac Sim's own Franka examples are
TEXT = "Drive a Franka with a vision-language-action policy: load a scene, type an instruction, press Run."


class ExamplesEntry:
    """Registered until `close`; a browser that keeps a button of ours for longer has one that does nothing."""

    def __init__(self, open_panel: Callable[[], None], thumbnail: Path) -> None:
        """Register the entry, where there is a browser.

        Source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.examples.browser: extension.py (register_example), model.py
        (Example), property_delegate.py: selecting an entry calls `ui_hook` inside a VStack, a double click calls
        `execute_entrypoint`.
        """
        self._open: Callable[[], None] | None = open_panel
        self._is_registered = False
        try:
            self._register(thumbnail)
        except Exception as error:  # the menu opens the panel as well: no error of the browser's is the user's concern
            _note("not added", error)

    def close(self) -> None:
        """Remove the entry; may be called twice, and after the browser was disabled."""
        self._open = None
        is_registered, self._is_registered = self._is_registered, False
        if is_registered:
            try:
                self._deregister()
            except Exception as error:  # closing goes on; what the browser keeps does nothing
                _note("not removed", error)

    def _register(self, thumbnail: Path) -> None:
        browser = _browser()
        if browser is None:
            return
        self._is_registered = True  # before the call: an entry can be there although the browser raised afterwards
        browser.register_example(
            name=TITLE,
            category=CATEGORY,
            execute_entrypoint=self._on_open,
            ui_hook=self._build,
            thumbnail=str(thumbnail) if thumbnail.is_file() else None,
        )

    def _deregister(self) -> None:
        browser = _browser()
        if browser is not None:
            with suppress(KeyError):  # 5.1 and newer raise it where the entry is gone already
                browser.deregister_example(name=TITLE, category=CATEGORY)

    def _build(self) -> None:
        """Draw the right side of the browser."""
        ui.Label(TEXT, word_wrap=True, height=0)
        ui.Button("Open the panel", height=30, clicked_fn=self._on_open)

    def _on_open(self) -> None:
        if self._open is not None:
            self._open()


def _note(what: str, error: Exception) -> None:
    carb.log_info(f"[vla_isaac] the entry in the examples browser was {what}: {type(error).__name__}: {error}")


def _browser() -> Any:
    """Return the browser's extension; None where it is missing (4.2) or disabled."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.examples.browser, extension.py: get_instance
        from isaacsim.examples.browser import get_instance
    except ImportError:
        return None
    return get_instance()
