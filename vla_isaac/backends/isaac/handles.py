"""`SceneHandles`: physics handles of robot, movable objects and watched links; made anew with every reset."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from vla_isaac.backends.isaac.ports import Ports
from vla_isaac.backends.isaac.stage_scene import ROBOT_PATH, object_paths
from vla_isaac.core.arrays import Array
from vla_isaac.scene.spec import JointGains, SceneLayout, SceneSpec


class SceneHandles:
    """Wrapped while the timeline is stopped, connected after it plays."""

    def __init__(self, ports: Ports) -> None:
        self._robot, self._objects = ports.robot, ports.objects
        self._links, self._link_names = copy.copy(ports.objects), tuple[str, ...]()

    def watch_links(self, names: Sequence[str]) -> None:
        """Give `link_poses` of these links of the robot from the next reset on."""
        self._link_names = tuple(names)

    def wrap(self, spec: SceneSpec, layout: SceneLayout) -> None:
        """Wrap robot, movable objects and watched links, while the timeline is stopped."""
        self._robot.wrap()
        self._free = [row for row, o in enumerate(spec.objects) if not o.fixed]
        paths = object_paths(spec)
        self._objects.wrap([paths[row] for row in self._free])
        self._links.wrap([f"{ROBOT_PATH}/{name}" for name in self._link_names])
        self._layout_poses = _layout_poses(layout)

    def connect(self, gains: JointGains, posture: Array) -> None:
        """Make new handles, since a stop invalidates the old ones, and set gains and posture, which it loses."""
        self._robot.connect()
        self._objects.connect()
        self._links.connect()
        self._robot.set_gains(gains.stiffness, gains.damping)  # lost at every stop
        self._robot.place(posture)

    def rest(self) -> None:
        """Set all speeds to zero."""
        self._robot.rest()
        self._objects.rest()

    def object_poses(self) -> tuple[Array, Array, Array]:
        """Return poses and velocities of all objects; fixed ones have their poses of the layout."""
        pos, quat = (poses.copy() for poses in self._layout_poses)
        linvel = np.zeros_like(pos)
        pos[self._free], quat[self._free], linvel[self._free] = self._objects.read()
        return pos, quat, linvel

    def link_poses(self) -> tuple[Array, Array]:
        """Return the simulator's positions (N, 3) and quaternions (N, 4) of the links that are watched."""
        return self._links.read()[:2]


def _layout_poses(layout: SceneLayout) -> tuple[Array, Array]:
    """Return positions (N, 3) and quaternions (N, 4) of the objects in the layout."""
    count = len(layout.objects)
    return (
        np.array([o.pos for o in layout.objects], dtype=np.float64).reshape(count, 3),
        np.array([o.quat_wxyz for o in layout.objects], dtype=np.float64).reshape(count, 4),
    )
