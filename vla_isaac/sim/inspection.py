"""`Inspector`: what a self-test reads from a simulator beyond the `Backend` protocol: names, gains, clocks, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.sim.backend import Steps


class InspectionError(VlaIsaacError, RuntimeError):
    """A simulator does not have, or does not give, what was asked for; the message says what and why."""


class Inspector(Protocol):
    """Reads a backend's simulator; methods but `facts` raise `InspectionError` where the simulator has no such thing."""

    mode: Literal["script", "kit"]
    """`script`: `Backend.step` advances time. `kit`: Kit does, and the backend calls `on_period`."""

    def facts(self) -> dict[str, str]:
        """Return simulator, release, port, engine, device and robot in words; never raises."""
        ...

    def release(self) -> tuple[int, int]:
        """Return major and minor release of the simulator."""
        ...

    def engine(self) -> tuple[str, str]:
        """Return the physics engine and its device, in lower case."""
        ...

    def broken_modules(self) -> dict[str, str]:
        """Return the modules that the chosen interface needs and that cannot be imported, each with the error."""
        ...

    def robot_asset(self) -> tuple[str | None, str]:
        """Return the address of the robot's asset (None for the embedded one) and why that one is used."""
        ...

    def joint_names(self) -> tuple[str, ...]:
        """Return the names of all joints that can move, in the simulator's order."""
        ...

    def joint_limits(self) -> Array:
        """Return lower and upper limit per joint, shape (9, 2): arm [rad], fingers [m]."""
        ...

    def joint_positions(self) -> Array:
        """Return the joint positions, shape (9,): arm [rad], fingers [m]."""
        ...

    def gains(self) -> tuple[Array, Array]:
        """Return stiffness and damping of the arm's drives, shape (7,) each [Nm/rad, Nm s/rad]."""
        ...

    def link_poses(self, links: Sequence[str]) -> tuple[Array, Array]:
        """Return the simulator's positions (N, 3) [m] and quaternions (N, 4) (w, x, y, z) of links in the world."""
        ...

    def own_steps(self) -> int:
        """Return the physics steps that the backend has counted since play."""
        ...

    def simulator_steps(self) -> int:
        """Return the physics steps that the simulator itself has counted since play."""
        ...

    def simulator_time(self) -> float:
        """Return the simulator's own simulation time since play [s]."""
        ...

    def warm_up_steps(self) -> int:
        """Return the physics steps that play itself is expected to make in this release."""
        ...

    def picture_time(self, camera: str) -> float:
        """Return the time stamp of the newest picture of a camera [s], on the clock of `simulator_time`."""
        ...

    def updates(self) -> int:
        """Return the app updates that the backend has made or waited for."""
        ...

    def redraw(self) -> Steps[None]:
        """Make or await one app update without physics in a script; inside Kit wait for the next one."""
        ...

    def timeline_events(self) -> Steps[Mapping[str, int]]:
        """Play and pause the simulator as a user does, and leave it as it was.

        Returns:
            App updates until the event of ``play`` and of ``pause`` came, -1 where it did not; ``dropped``: the events that
            came after the subscription was dropped.
        """
        ...

    def stop_by_hand(self) -> Steps[bool]:
        """Stop the simulator as a user does, behind the backend's back; return whether it says that it is stopped."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """Return every setting that loading a scene changes and closing restores, with its value."""
        ...

    def others_on_stage(self) -> Mapping[str, str]:
        """Return a description of each prim outside the scene's root, by path."""
        ...

    def num_cameras(self) -> int:
        """Return the simulator's camera objects that are alive in this process."""
        ...
