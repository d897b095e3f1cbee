"""What `SimulationApp` does: it starts Kit in a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from tests.simulated_isaac.behaviour import Behaviour


class SimulationApp(Behaviour):
    """Starts Kit in a script."""

    def create(self, launch_config: dict[str, Any] | None = None, experience: str = "") -> None:
        if self._sim.mode == "kit":
            raise RuntimeError("SimulationApp inside Kit: Kit runs already")
        self._sim.launch_config = dict(launch_config or {})
        self._sim.start()

    def update(self) -> None:
        self._sim.refuse_on_kits_loop("SimulationApp.update()")
        self._sim.update()

    def is_running(self) -> bool:
        return not self._sim.is_closed

    def is_exiting(self) -> bool:
        return self._sim.is_closed

    def close(self, wait_for_replicator: bool = True, skip_cleanup: bool = False, exit_code: int = 0) -> None:
        self._sim.is_closed = True

    def set_setting(self, setting: str, value: Any) -> None:
        self._sim.settings.set(setting, value)

    def run_coroutine(self, coroutine: Awaitable[Any], run_until_complete: bool = True) -> Any:
        if run_until_complete:
            return self._sim.app.run(coroutine)
        return asyncio.ensure_future(coroutine, loop=self._sim.loop)

    @property
    def app(self) -> Any:
        return self._sim.kit_app

    @property
    def context(self) -> Any:
        return self._sim.context
