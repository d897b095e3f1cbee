"""Tests for Kit's own test runner; all others are in the repository's ``tests/extension`` and need no Kit.

Isaac Sim runs them by ``--enable omni.kit.test --/exts/omni.kit.test/testExts/0=<the folder's name>``.
"""

from __future__ import annotations

from typing import Any

from vla_isaac.extension.entry import get_session
from vla_isaac.extension.kit import require
from vla_isaac.extension.kit_events import next_update
from vla_isaac.extension.kit_menu import TITLE
from vla_isaac.runtime.live import Phase
from vla_isaac.sim.backend import Steps

ui = require("omni.ui")  # source: docs.omniverse.nvidia.com omni.ui, Workspace.get_window
_Case: Any = require("omni.kit.test").AsyncTestCase  # source: docs.omniverse.nvidia.com Kit manual, Testing extensions

MOST_UPDATES = 3000


class TestExtension(_Case):  # type: ignore[misc]  # Kit has no stubs
    """The runner enables the extension before these tests."""

    async def test_the_panel_is_open(self) -> None:
        """The window exists under its title."""
        self.assertIsNotNone(ui.Workspace.get_window(TITLE))

    async def test_an_instruction_is_understood_without_a_simulation(self) -> None:
        """Parsing needs the scene only."""
        self.assertEqual(get_session().parse("Put the red cube on the blue box"), ("on(red_cube, blue_box)", ""))

    async def test_the_scene_can_be_loaded_and_a_run_reaches_its_goal(self) -> None:
        """One whole episode of the scripted expert."""
        session = get_session()
        await _finish(session.load())
        self.assertEqual(session.status.phase, Phase.READY, session.status.problem)
        session.run()
        for _ in range(MOST_UPDATES):
            if session.status.phase is not Phase.RUNNING:
                break
            await next_update()
        self.assertTrue(session.status.success, session.status)


async def _finish(steps: Steps[None]) -> None:
    for _ in steps:
        await next_update()
