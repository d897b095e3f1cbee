"""`SavedKitState`: saves the state of Kit and the user's stage before a scene is loaded, and restores it on close.

Isaac's classes change more than a scene needs: a rate sets the limit of the main loop, the loop runner, the timeline,
the stage's time codes and a persistent setting, and `World` writes its defaults to the first physics scene it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from vla_isaac.backends.isaac.rates import MIN_FRAME_RATE

# source: isaac-sim/IsaacSim v5.0.0 to v6.0.1: simulation_context.py (set_simulation_dt), physics_context.py (__init__,
# set_physics_dt), rendering_manager.py (set_dt)
SETTINGS = (
    "/app/runLoops/main/rateLimitEnabled",
    "/app/runLoops/main/rateLimitFrequency",
    MIN_FRAME_RATE,
    "/physics/suppressReadback",
    "/app/settings/fabricDefaultSimPeriodNumerator",
    "/app/settings/fabricDefaultSimPeriodDenominator",
)
"""Kit's settings that a rate or a `World` changes."""


class SavedKitState:
    """Settings, loop runner, timeline and the stage outside our root, as they were before a scene was loaded."""

    def __init__(self, root: str) -> None:
        """Save nothing yet; `root` is the prim below which everything is ours."""
        self._root = root
        self._undo: list[Callable[[], None]] = []
        self._stage: Any = None
        self._undo_stage: list[Callable[[], None]] = []

    def remember(self, stage: Any) -> None:
        """Save the current state, once until `restore`; for another stage, save that stage instead of the old one."""
        if not self._undo:
            self._undo = [*_settings(), *_loop_runner(), *_timeline()]
        if stage is not self._stage:
            self._stage = stage
            self._undo_stage = [_time_codes(stage), *_physics_scenes(stage, self._root)]

    def restore(self, stage: Any) -> None:
        """Restore everything; a stage that is no longer open is not changed. May be called twice."""
        for undo in self._undo + (self._undo_stage if stage is self._stage and stage is not None else []):
            undo()
        self._undo, self._undo_stage, self._stage = [], [], None


def _settings() -> list[Callable[[], None]]:
    import carb.settings  # source: docs.omniverse.nvidia.com Kit manual, carb.settings: ISettings

    settings = carb.settings.get_settings()

    def restorer(path: str, value: Any) -> Callable[[], None]:
        if value is None:
            return lambda: settings.destroy_item(path) if settings.get(path) is not None else None
        return lambda: settings.set(path, value)

    return [restorer(path, settings.get(path)) for path in SETTINGS]


def _loop_runner() -> list[Callable[[], None]]:
    try:
        # source: isaac-sim/IsaacSim v5.0.0 to v6.0.1, omni.kit.loop-isaac, BindingsRunLoopRunnerPython.cpp
        from omni.kit.loop import _loop

        runner = _loop.acquire_loop_interface()
        is_manual, step = runner.get_manual_mode(), runner.get_manual_step_size()
    except (ImportError, AttributeError):  # an app with Kit's own loop runner
        return []
    return [lambda: runner.set_manual_step_size(step), lambda: runner.set_manual_mode(is_manual)]


def _timeline() -> list[Callable[[], None]]:
    import omni.timeline  # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: ITimeline

    # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: get_timeline_interface() and the methods of ITimeline
    timeline: Any = omni.timeline.get_timeline_interface()
    pairs = (
        ("get_time_codes_per_seconds", "set_time_codes_per_second"),
        ("get_target_framerate", "set_target_framerate"),
        ("is_auto_updating", "set_auto_update"),
    )
    found = [(getattr(timeline, get)(), getattr(timeline, put)) for get, put in pairs if hasattr(timeline, get)]
    return [partial(put, value) for value, put in found]


def _time_codes(stage: Any) -> Callable[[], None]:
    """Save the time codes per second of the root layer, where Isaac writes them."""
    layer = stage.GetRootLayer()
    if not layer.HasTimeCodesPerSecond():
        return lambda: layer.ClearTimeCodesPerSecond() if layer.HasTimeCodesPerSecond() else None
    rate = layer.timeCodesPerSecond
    return lambda: setattr(layer, "timeCodesPerSecond", rate)


def _physics_scenes(stage: Any, root: str) -> list[Callable[[], None]]:
    """Save the edited layer's specs of every physics scene that is not ours."""
    from pxr import Sdf, UsdPhysics

    layer, kept = stage.GetEditTarget().GetLayer(), Sdf.Layer.CreateAnonymous("physics_scenes")
    paths = [p.GetPath() for p in stage.Traverse() if p.IsA(UsdPhysics.Scene) and not p.GetPath().HasPrefix(root)]

    def restorer(path: Any) -> Callable[[], None]:
        if not layer.GetPrimAtPath(path):
            return lambda: _remove_spec(layer, path)
        Sdf.CreatePrimInLayer(kept, path)
        Sdf.CopySpec(layer, path, kept, path)
        return lambda: Sdf.CopySpec(kept, path, layer, path) if stage.GetPrimAtPath(path) else None

    return [restorer(path) for path in paths]


def _remove_spec(layer: Any, path: Any) -> None:
    """Remove a prim spec from a layer that had none."""
    spec = layer.GetPrimAtPath(path)
    if spec:
        del (spec.nameParent.nameChildren if spec.nameParent else layer.rootPrims)[spec.name]
