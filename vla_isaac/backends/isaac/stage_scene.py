"""`StageScene`: our scene below one root prim of the open stage: written, renewed, and looked after."""

from __future__ import annotations

import logging
from typing import Any, Literal

from vla_isaac.backends.isaac.app_loop import Mode
from vla_isaac.backends.isaac.assets import find_franka
from vla_isaac.backends.isaac.cameras import CameraBank
from vla_isaac.backends.isaac.ports import Ports
from vla_isaac.backends.isaac.saved_state import SavedKitState
from vla_isaac.backends.isaac.timeline import Timeline
from vla_isaac.core.errors import BackendError
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Steps

logger = logging.getLogger(__name__)

ROOT = "/World/VLA"  # not `/World`, where users keep their own prims
ROBOT_PATH = f"{ROOT}/Robot"
PHYSICS_SCENE = f"{ROOT}/PhysicsScene"

RobotSource = Literal["reference", "embedded"]


class StageScene:
    """What is written on the stage, by which robot, and what the stage and Kit were like before."""

    stage: Any = None
    """The stage it is written on; None before."""

    address: str | None = None
    """Address of the robot's asset; None for our own Panda."""

    def __init__(self, ports: Ports, mode: Mode, timeline: Timeline, robot: RobotSource) -> None:
        self._ports, self._sim, self._mode, self._timeline, self.robot = ports, ports.sim, mode, timeline, robot
        self.cameras = CameraBank(ports.open_camera, ROOT)
        self.notes: dict[str, str] = {}
        self._saved_state = SavedKitState(ROOT)
        self._is_written = False
        self._spec: SceneSpec | None = None
        self.layout_cameras: dict[str, CameraConfig] = {}
        """Cameras of the layout on the stage, by name."""

    def renew_stage(self) -> Steps[None]:
        """Open an empty stage in place of the open one."""
        self.forget()
        yield from self._timeline.stop()
        yield from self._sim.new_stage()

    def forget(self) -> None:
        """Drop the cameras, and write anew the next time."""
        self.cameras.close()
        self._is_written = False

    def discard(self) -> Steps[None]:
        """Prepare for another scene: a new stage in a script; inside Kit the user's stage stays."""
        self.forget()
        yield from self._timeline.stop()
        if self._mode == "script":
            yield from self._sim.new_stage()
        else:
            self._sim.detach()

    def find_robot(self, engine: str) -> Steps[None]:
        """Ask the asset server for NVIDIA's Franka, unless it has answered before or our own Panda is asked for."""
        if self.robot == "reference" and self.address is None:
            found = yield from find_franka(self._ports.assets, engine)
            self.address = found.address
            if found.address is None:
                self._add_note("robot", f"our own Panda stands in for NVIDIA's Franka: {found.why}")

    def write(self, spec: SceneSpec, layout: SceneLayout) -> None:
        """Write the scene, or only its values where its prims exist already."""
        from vla_isaac.scene.usd import write_layout, write_scene

        stage = self._sim.stage()
        if stage is None:
            raise BackendError("Isaac Sim has no stage open", remedy="open one (File > New), then press Load")
        if stage is not self.stage or not self.is_intact():
            self.forget()
        self.stage, self._spec = stage, spec
        self.layout_cameras = {camera.name: camera for camera in layout.cameras}
        self._saved_state.remember(stage)
        self._look_for_lights()
        if self._is_written:
            write_layout(stage, spec, layout, **self._robot_options())
            return
        self._sim.detach()
        write_scene(stage, spec, layout, **self._robot_options())
        if self.address is not None and not _is_there(stage, f"{ROBOT_PATH}/panda_hand"):
            self._add_note(
                "robot",
                f"our own Panda stands in for NVIDIA's Franka: {self.address} brought no prim panda_hand; check that the "
                "file is there and is a Franka Panda",
            )
            self.address = None
            write_scene(stage, spec, layout, **self._robot_options())
        self._is_written = True

    def close(self) -> None:
        """Restore what was changed around our prims, which stay."""
        self._saved_state.restore(self._sim.stage())
        self.stage, self._is_written = None, False

    # ---------------------------------------------------------------- what is there

    def is_intact(self) -> bool:
        """Return whether it is written, with robot and objects, on the stage that is open."""
        return self._is_written and self.is_open() and self.missing() is None

    def is_open(self) -> bool:
        """Return whether the stage it was written on is still the open one."""
        return self.stage is not None and self._sim.stage() is self.stage

    def missing(self) -> str | None:
        """Return the path of a prim of ours that has been deleted."""
        objects = object_paths(self._spec) if self._spec is not None else []
        paths = (ROBOT_PATH, f"{ROBOT_PATH}/panda_hand", PHYSICS_SCENE, *objects)
        return next((path for path in paths if not _is_there(self.stage, path)), None)

    def _look_for_lights(self) -> None:
        """Report lights that are not ours; inside Kit only, since a script has a stage of its own."""
        self.notes.pop("lights", None)
        others = _lights(self.stage) if self._mode == "kit" else []
        if others:
            self._add_note(
                "lights",
                f"the stage has lights of its own ({', '.join(others)}), which add to ours: pictures are brighter than "
                "those that policies are trained on. Hide them, or load into a new stage",
            )

    def _robot_options(self) -> dict[str, Any]:
        ours = {"root": ROOT, "is_shared": self._mode == "kit"}
        if self.address is None:
            return {"robot": "embedded", **ours}
        return {"robot": "reference", "robot_asset": self.address, **ours}

    def _add_note(self, about: str, note: str) -> None:
        """Report a note in the log and to the panel."""
        self.notes[about] = note
        logger.warning("%s", note)


def object_paths(spec: SceneSpec) -> list[str]:
    """Return the prims of a scene's objects."""
    from vla_isaac.scene.usd_objects import prim_names

    names = prim_names(spec.object_names)
    return [f"{ROOT}/Objects/{names[name]}" for name in spec.object_names]


def _is_there(stage: Any, path: str) -> bool:
    """Return whether a prim is defined; an `over` without a definition is valid but not defined."""
    prim = stage.GetPrimAtPath(path)
    return bool(prim.IsValid()) and bool(prim.IsDefined())


def _lights(stage: Any) -> list[str]:
    """Return the lights outside our root that shine."""
    from pxr import UsdGeom, UsdLux

    lights = [p for p in stage.Traverse() if p.HasAPI(UsdLux.LightAPI) and not p.GetPath().HasPrefix(ROOT)]
    return [str(p.GetPath()) for p in lights if UsdGeom.Imageable(p).ComputeVisibility() != "invisible"]
