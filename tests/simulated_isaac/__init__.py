"""A simulated Isaac Sim: recorded modules, a real USD stage, MuJoCo behind it, and the traps of the real one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.simulated_isaac.recording import is_sampled, releases
from tests.simulated_isaac.traps import TrapError, Traps

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation

__all__ = ["TrapError", "Traps", "of_releases", "releases", "simulated_isaac"]


def of_releases(cases: Iterable[tuple[str, Any]] | None = None) -> list[Any]:
    """Return parameters of a test, those of releases between the oldest and the newest marked as slow.

    Args:
        cases: Release and parameter of each case; None gives every release, itself the parameter.
    """
    pairs = [(release, release) for release in releases()] if cases is None else cases
    return [pytest.param(value, marks=() if is_sampled(release) else pytest.mark.slow) for release, value in pairs]


def simulated_isaac(
    release: str,
    *,
    mode: Literal["script", "kit"] = "script",
    assets: Literal["served", "none", "missing_file"] = "served",
    traps: Traps | None = None,
    start: bool = True,
    classic_api: bool = True,
    extra_modules: Mapping[str, ModuleType] | None = None,
) -> AbstractContextManager[Simulation]:
    """Put one release of Isaac Sim into this process, and take it out again without trace.

    Args:
        release: Version of a file in tests/isaac_api or in the folder VLA_ISAAC_API_DIR.
        mode: `script`: the code drives, a `SimulationApp` was made. `kit`: Kit's loop runs, driven by ``sim.app``.
        assets: `none`: no assets root is found. `missing_file`: there is one, but no Franka below it.
        traps: Which traps are set; None sets all.
        start: False, in a script: only `isaacsim` can be imported until the code makes its `SimulationApp`.
        classic_api: False hides what the release marks as deprecated: 6.x without its classic extensions.
        extra_modules: Further modules by name, such as a fake `omni.ui`.
    """
    from tests.simulated_isaac.process import process  # needs pxr and mujoco

    return process(release, mode, assets, traps or Traps(), start, classic_api, extra_modules or {})
