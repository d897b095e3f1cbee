"""Putting the simulated Isaac Sim into this process: modules, event loop, assets."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Literal

from pxr import Usd

from tests.simulated_isaac import classic, experimental
from tests.simulated_isaac.assets import write_assets
from tests.simulated_isaac.classic_functions import ROOT_SETTING
from tests.simulated_isaac.kit import kit_modules
from tests.simulated_isaac.modules import Importer
from tests.simulated_isaac.recording import Behaviours, Recording
from tests.simulated_isaac.simulation import Simulation
from tests.simulated_isaac.traps import Traps

LAUNCHERS = ("isaacsim", "isaacsim.simulation_app", "isaacsim.simulation_app.simulation_app", "omni.isaac.kit")
"""What can be imported before Kit was started by `SimulationApp`."""


@contextlib.contextmanager
def process(
    release: str,
    mode: Literal["script", "kit"],
    assets: Literal["served", "none", "missing_file"],
    traps: Traps,
    start: bool,
    classic_api: bool,
    extra_modules: Mapping[str, ModuleType],
) -> Iterator[Simulation]:
    """Do what `simulated_isaac` promises."""
    with tempfile.TemporaryDirectory() as folder:
        behaviours = Behaviours(None, dict(classic.CLASSES) | experimental.CLASSES, {})
        recording = Recording(release, behaviours, hide_deprecated=not classic_api)
        sim = Simulation(recording, mode, traps)
        if assets != "none":
            sim.assets_root = write_assets(Path(folder), sim.version, has_franka=assets == "served")
            sim.settings.set(ROOT_SETTING, str(sim.assets_root))
        behaviours.attach(sim, classic.functions(sim) | experimental.functions(sim))
        sim.behaviours = behaviours
        importer = Importer(
            recording, kit_modules(sim) | dict(extra_modules), lambda: sim.is_started, LAUNCHERS, sim.unloaded
        )
        importer.install(launched=True if mode == "kit" else None)
        try:
            with _event_loop(sim.loop):
                if mode == "kit":
                    sim.context.replace(Usd.Stage.CreateInMemory())
                    importlib.import_module("omni.kit.app")
                elif start:
                    sim.start()
                yield sim
        finally:
            sim.close()
            importer.remove()


@contextlib.contextmanager
def _event_loop(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Make a loop the one of this thread; afterwards asyncio remembers nothing of it."""
    local = getattr(asyncio.get_event_loop_policy(), "_local", None)
    before = dict(vars(local)) if local is not None else {}
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        if local is not None:
            vars(local).clear()
            vars(local).update(before)
