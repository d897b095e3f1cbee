"""`IsaacInspector`: what Isaac Sim itself says about joints, gains, clocks, pictures, settings and the stage."""

from __future__ import annotations

import gc
import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from vla_isaac.backends.isaac import timeline_probe
from vla_isaac.backends.isaac.backend import IsaacBackend
from vla_isaac.backends.isaac.physics_engine import active_engine, physics_device
from vla_isaac.backends.isaac.ports import RobotPort, as_row
from vla_isaac.backends.isaac.probe import CLASSIC_NEEDS, EXPERIMENTAL_NEEDS
from vla_isaac.backends.isaac.saved_state import SETTINGS
from vla_isaac.backends.isaac.stage_scene import ROOT
from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import describe
from vla_isaac.robots import panda
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.inspection import InspectionError

T = TypeVar("T")

VERSION_SETTING = "/app/version"  # source: isaac-sim/IsaacSim v5.1.0, source/apps/*.kit: app.version
LINKS = ("panda_hand", "panda_leftfinger", "panda_rightfinger")
"""Links of the robot whose poses can be read."""

CAMERA_CLASSES = ("Camera", "CameraSensor")
FIRST_WITH_WARM_UP = (4, 5)  # from this release on, play makes two physics steps that count


class IsaacInspector:
    """Implements `sim.inspection.Inspector` for both ports; works after a reset that failed half-way."""

    def __init__(self, backend: IsaacBackend) -> None:
        self._backend, self._parts = backend, backend.parts
        backend.watch_links(LINKS)
        self.mode: Literal["script", "kit"] = self._parts.mode

    # ---------------------------------------------------------------- what runs

    def facts(self) -> dict[str, str]:
        """Return simulator, release, port, engine, device and robot; what cannot be read is said in words."""
        engine, device = _or_words(self.engine, lambda both: both, "unknown"), ""
        if isinstance(engine, tuple):
            engine, device = engine
        asset = _or_words(self.robot_asset, lambda both: both[0] or f"embedded Panda ({both[1]})", "unknown")
        release = _or_words(_version, str, "unknown")
        port = self._backend.describe()
        return {
            "simulator": "Isaac Sim",
            "release": str(release),
            "port": port,
            "mode": self.mode,
            "engine": str(engine),
            "device": device,
            "robot": str(asset),
            "notes": "; ".join(self._backend.notes),
        }

    def release(self) -> tuple[int, int]:
        """Return the release by the app's version setting."""
        numbers = re.match(r"(\d+)\.(\d+)", _version())
        if numbers is None:
            raise InspectionError(f"the setting {VERSION_SETTING} is {_version()!r}, which is no release")
        return int(numbers[1]), int(numbers[2])

    def engine(self) -> tuple[str, str]:
        """Return the physics engine and its device; releases without the question have PhysX only."""
        device = physics_device()
        if device is None:
            raise InspectionError("this release does not say on which device physics runs")
        return active_engine(), device

    def broken_modules(self) -> dict[str, str]:
        """Import each module of the chosen port, which `probe` has only looked for."""
        names = self._parts.offer.names
        is_classic = self._parts.ports.name == "classic" and names is not None
        needed = CLASSIC_NEEDS[names] if is_classic and names is not None else EXPERIMENTAL_NEEDS
        found = {}
        for module in needed:
            try:
                importlib.import_module(module)
            except Exception as error:  # an extension's module may raise anything when it is imported
                found[module] = describe(error)
        return found

    def robot_asset(self) -> tuple[str | None, str]:
        """Return the address of the referenced Franka, or why the embedded Panda is used."""
        address = self._parts.scene.address
        if address is not None:
            return address, "the asset server has it"
        if self._parts.scene.robot == "embedded":
            return None, "chosen by the caller"
        return None, "; ".join(self._backend.notes) or "no scene is loaded yet"

    # ---------------------------------------------------------------- the robot

    def joint_names(self) -> tuple[str, ...]:
        """Return the articulation's joints."""
        names = self._robot().joint_names()
        if names is None:
            raise InspectionError("Isaac Sim created no articulation for the robot's prim")
        return names

    def joint_limits(self) -> Array:
        """Return the limits of the nine joints."""
        return self._robot().limits()

    def joint_positions(self) -> Array:
        """Return the positions of the nine joints."""
        return self._parts.ports.robot.positions()

    def gains(self) -> tuple[Array, Array]:
        """Return the gains of the arm's drives."""
        stiffness, damping = (
            as_row("gains", values, len(panda.JOINTS))[: panda.NUM_ARM_JOINTS] for values in self._robot().gains()
        )
        return stiffness, damping

    def link_poses(self, links: Sequence[str]) -> tuple[Array, Array]:
        """Return the poses of links, read as those of objects are."""
        positions, quaternions = self._backend.link_poses()
        rows = [LINKS.index(link) for link in links]
        return positions[rows], quaternions[rows]

    def _robot(self) -> RobotPort:
        robot = self._parts.ports.robot
        if robot.joint_names() is None:
            raise InspectionError("the robot has no physics handle", remedy="load and reset first")
        return robot

    # ---------------------------------------------------------------- time

    def own_steps(self) -> int:
        """Return the physics steps counted by the callback."""
        return self._parts.ports.sim.steps_done

    def simulator_steps(self) -> int:
        """Return the steps by Isaac's own counter, or by its clock where the release has no counter."""
        manager = _manager_or_none()
        if manager is not None and hasattr(manager, "get_num_physics_steps"):
            # source: isaac-sim/IsaacSim v5.0.0, isaacsim.core.simulation_manager, simulation_manager.py:249
            return int(manager.get_num_physics_steps())
        return round(self.simulator_time() / self._parts.stepping.clock.physics_dt)

    def simulator_time(self) -> float:
        """Return Isaac's simulation time."""
        time = self._parts.ports.sim.clock()
        if time is not None:
            return float(time)
        # source: isaac-sim/IsaacSim v5.0.0, isaacsim.core.simulation_manager, simulation_manager.py:245
        return float(_manager().get_simulation_time())

    def warm_up_steps(self) -> int:
        """Return 2, as play makes from 4.5 on."""
        if self.release() < FIRST_WITH_WARM_UP:
            raise InspectionError("the reset of 4.2 makes an app update with physics, of which no callback hears")
        return 2

    def picture_time(self, camera: str) -> float:
        """Return the stamp of the newest picture of any feed of a camera."""
        pictures = self._parts.scene.cameras.newest(self._parts.scene.layout_cameras[camera])
        times = [picture.time for picture in pictures if picture.time is not None]
        if not times:
            raise InspectionError("pictures carry no time stamp on the simulation's clock")
        return float(max(times))

    def updates(self) -> int:
        """Return the number of app updates."""
        return self._parts.stepping.counts.total

    def redraw(self) -> Steps[None]:
        """Make or await an app update."""
        yield from self._parts.ports.sim.redraw()
        self._parts.stepping.counts.count()

    def timeline_events(self) -> Steps[Mapping[str, int]]:
        """Play and pause by hand."""
        return (yield from timeline_probe.timeline_events(self.redraw))

    def stop_by_hand(self) -> Steps[bool]:
        """Stop the timeline, and ask it."""
        return (yield from timeline_probe.stop_by_hand(self.redraw))

    # ---------------------------------------------------------------- what is left behind

    def settings(self) -> Mapping[str, Any]:
        """Return the settings of `SavedKitState`, the rates of the timeline and the mode of the loop runner."""
        import carb.settings  # source: docs.omniverse.nvidia.com Kit manual, carb.settings: get_settings(), get

        settings = carb.settings.get_settings()
        found = {path: settings.get(path) for path in SETTINGS}
        import omni.timeline  # source: docs.omniverse.nvidia.com Kit manual, omni.timeline: ITimeline

        timeline: Any = omni.timeline.get_timeline_interface()
        for getter in ("get_time_codes_per_seconds", "get_target_framerate", "is_auto_updating"):
            if hasattr(timeline, getter):
                found[f"timeline.{getter}"] = getattr(timeline, getter)()
        return found

    def others_on_stage(self) -> Mapping[str, str]:
        """Return type and authored attributes of each prim outside our root; inside Kit only."""
        if self.mode == "script":
            raise InspectionError("a script works on a new stage of its own")
        stage = self._parts.ports.sim.stage()
        if stage is None:
            raise InspectionError("no stage is open")
        layer = stage.GetRootLayer()
        prims = (p for p in stage.Traverse() if not str(p.GetPath()).startswith((f"{ROOT}/", "/Render", "/OmniverseKit")))
        prims = (p for p in prims if str(p.GetPath()) != ROOT and layer.GetPrimAtPath(p.GetPath()))
        found = {str(p.GetPath()): f"{p.GetTypeName()} {_authored(p)}" for p in prims}
        return {path: words for path, words in found.items() if not (ROOT.startswith(f"{path}/") and words.endswith(" "))}

    def num_cameras(self) -> int:
        """Return how many of Isaac's camera objects the garbage collector knows, after a collection."""
        gc.collect()
        return sum(_is_camera(type(one)) for one in gc.get_objects())


def _is_camera(kind: type) -> bool:
    return kind.__name__ in CAMERA_CLASSES and str(kind.__module__).startswith(("isaacsim.", "omni.isaac."))


def _authored(prim: Any) -> str:
    """Return the authored attributes of a prim as text."""
    return ", ".join(f"{a.GetName()}={a.Get()}" for a in prim.GetAuthoredAttributes())


def _version() -> str:
    import carb.settings  # source: docs.omniverse.nvidia.com Kit manual, carb.settings: get_settings(), get

    return str(carb.settings.get_settings().get(VERSION_SETTING))


def _manager() -> Any:
    """Return Isaac's `SimulationManager`."""
    try:
        # source: isaac-sim/IsaacSim v5.0.0, isaacsim.core.simulation_manager
        from isaacsim.core.simulation_manager import SimulationManager
    except ImportError as error:
        raise InspectionError("this release has no isaacsim.core.simulation_manager") from error
    return SimulationManager  # source: isaac-sim/IsaacSim v5.0.0, isaacsim.core.simulation_manager


def _manager_or_none() -> Any:
    try:
        return _manager()
    except InspectionError:
        return None


def _or_words(read: Callable[[], T], use: Callable[[T], Any], otherwise: str) -> Any:
    """Return `use(read())`; where reading fails, why."""
    try:
        return use(read())
    except Exception as error:  # facts are a description: a failure is one too
        return f"{otherwise} ({describe(error)})"
