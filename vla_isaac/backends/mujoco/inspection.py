"""`MujocoInspector`: MuJoCo's names, limits, gains and link poses for the self-test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.core.arrays import Array
from vla_isaac.robots import panda
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.inspection import InspectionError


class MujocoInspector:
    """Implements `sim.inspection.Inspector`; MuJoCo has no clock of its own, no settings and no stage."""

    mode: Literal["script", "kit"] = "script"

    def __init__(self, backend: MujocoBackend) -> None:
        self._backend = backend

    def facts(self) -> dict[str, str]:
        """Return simulator, release, port, engine, device and robot."""
        version = str(self._backend._mujoco.__version__)
        robot = "built-in Panda" if self._backend._robot_model is None else str(self._backend._robot_model)
        return {"simulator": "MuJoCo", "release": version, "port": "", "engine": "mujoco", "device": "cpu", "robot": robot}

    def release(self) -> tuple[int, int]:
        """Return MuJoCo's release."""
        major, minor = str(self._backend._mujoco.__version__).split(".")[:2]
        return int(major), int(minor)

    def engine(self) -> tuple[str, str]:
        """Return the engine and its device."""
        return "mujoco", "cpu"

    def broken_modules(self) -> dict[str, str]:
        """Raise: there is one interface only."""
        raise _lacks("choice of interfaces")

    def robot_asset(self) -> tuple[str | None, str]:
        """Raise: there is no asset server."""
        raise _lacks("asset server")

    def joint_names(self) -> tuple[str, ...]:
        """Return the joints of the model in the order of their positions, without those of free objects."""
        model = self._model()
        kinds = self._backend._mujoco.mjtJoint
        moving = (int(kinds.mjJNT_HINGE), int(kinds.mjJNT_SLIDE))
        return tuple(model.joint(i).name for i in range(model.njnt) if int(model.jnt_type[i]) in moving)

    def joint_limits(self) -> Array:
        """Return the ranges of the nine joints."""
        model = self._model()
        found: Array = np.array([model.joint(name).range for name in panda.JOINTS], dtype=np.float64)
        return found

    def joint_positions(self) -> Array:
        """Return the positions of the nine joints."""
        self._model()
        robot, data = self._backend._index.robot, self._backend._data
        return np.concatenate([data.qpos[robot.qpos], data.qpos[robot.fingers]])

    def gains(self) -> tuple[Array, Array]:
        """Return the gains of the arm's position actuators."""
        model, rows = self._model(), self._backend._index.robot.ctrl
        return model.actuator_gainprm[rows, 0].copy(), -model.actuator_biasprm[rows, 2]

    def link_poses(self, links: Sequence[str]) -> tuple[Array, Array]:
        """Return the poses of bodies by their names."""
        self._model()
        bodies = [self._backend._data.body(name) for name in links]
        return np.array([b.xpos for b in bodies]), np.array([b.xquat for b in bodies])

    def own_steps(self) -> int:
        """Return the physics steps of the control periods since the reset."""
        self._model()
        return int(self._backend._num_steps * self._backend._clock.substeps)

    def simulator_steps(self) -> int:
        """Raise: MuJoCo counts no steps."""
        raise _lacks("step counter of its own")

    def simulator_time(self) -> float:
        """Raise: the backend sets MuJoCo's time."""
        raise _lacks("clock of its own")

    def warm_up_steps(self) -> int:
        """Return 0."""
        return 0

    def picture_time(self, camera: str) -> float:
        """Raise: pictures are drawn when they are asked for."""
        raise _lacks("time stamp on pictures")

    def updates(self) -> int:
        """Return 0: there are no app updates."""
        return 0

    def redraw(self) -> Steps[None]:
        """Do nothing: pictures are drawn when they are asked for."""
        yield from ()

    def timeline_events(self) -> Steps[Mapping[str, int]]:
        """Raise: there is no timeline."""
        raise _lacks("timeline")

    def stop_by_hand(self) -> Steps[bool]:
        """Raise: there is no timeline."""
        raise _lacks("timeline")

    def settings(self) -> Mapping[str, Any]:
        """Raise: there are none."""
        raise _lacks("settings")

    def others_on_stage(self) -> Mapping[str, str]:
        """Raise: there is no stage."""
        raise _lacks("stage")

    def num_cameras(self) -> int:
        """Raise: there are no camera objects."""
        raise _lacks("camera objects")

    def _model(self) -> Any:
        if self._backend._model is None:
            raise InspectionError("no scene is loaded", remedy="load and reset first")
        return self._backend._model


def _lacks(what: str) -> InspectionError:
    return InspectionError(f"MuJoCo has no {what}")
