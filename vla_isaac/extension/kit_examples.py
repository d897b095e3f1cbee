"""`ExamplesEntry`: the entry in Isaac Sim's examples browser; nothing where that browser is missing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_menu import TITLE

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
        browser = _browser()
        self.is_registered = browser is not None
        if browser is not None:
            browser.register_example(
                name=TITLE,
                category=CATEGORY,
                execute_entrypoint=self._on_open,
                ui_hook=self._build,
                thumbnail=str(thumbnail) if thumbnail.is_file() else None,
            )

    def close(self) -> None:
        """Remove the entry; may be called twice, and after the browser was disabled."""
        self._open = None
        browser = _browser() if self.is_registered else None
        self.is_registered = False
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


def _browser() -> Any:
    """Return the browser's extension; None where it is missing (4.2) or disabled."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, isaacsim.examples.browser, extension.py: get_instance
        from isaacsim.examples.browser import get_instance
    except ImportError:
        return None
    return get_instance()
