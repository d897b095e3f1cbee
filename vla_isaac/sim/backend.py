"""The `Backend` protocol: seven methods, SI units, numpy in and out.

A backend draws no random numbers: the seed is used when the layout is sampled. `load`, `reset` and `render`
are generators, since a simulator may need app updates before the result is ready: each `yield` requests one
update, the `return` value is the result. `sim.drive` exhausts them in scripts; inside Kit the extension awaits
one app update between yields. MuJoCo and the stub yield nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Protocol, TypeVar

from vla_isaac.core.checks import check_finite, check_shape
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.scene.render_request import RenderRequest
from vla_isaac.scene.spec import SceneLayout, SceneSpec

__all__ = ["FLAT_PICTURES", "Backend", "RenderRequest", "Steps", "check_target"]

T = TypeVar("T")
Steps = Generator[None, None, T]
"""A generator that yields once per simulator update it needs and returns a T."""


FLAT_PICTURES = ("stub",)
"""Backends whose pictures show no perspective, light or shadow."""


def check_target(target: JointTarget) -> None:
    """Raise `ShapeError` unless a target is seven finite angles and a finite width, as every backend's `apply` requires."""
    check_shape("target.qpos", target.qpos, (7,), hint="the gripper is a separate field, JointTarget.gripper_width")
    check_finite("target.qpos", target.qpos)
    check_finite("target.gripper_width", target.gripper_width)


class Backend(Protocol):
    """One simulated world with one Panda; used from one thread only."""

    name: str
    """Registry name, such as ``"mujoco"``."""

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Build the scene; replaces an earlier one. Call `reset` before anything else."""
        ...

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Put everything where `layout` says, at rest, let it settle, and set the time to 0.

        Raises:
            SceneError: If the layout does not fit the loaded scene.
            BackendError: If no scene is loaded.
        """
        ...

    def apply(self, target: JointTarget) -> None:
        """Set where the joints should be at the end of the next control period.

        Raises:
            ShapeError: If the target is not seven finite angles and a finite width.
        """
        ...

    def step(self) -> None:
        """Advance the simulation by one control period."""
        ...

    def state(self) -> SceneState:
        """Return the ground truth now; later steps do not change the returned value."""
        ...

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        """Return one frame per request, none older than the state; arrays belong to the caller.

        Raises:
            UnknownNameError: If the scene has no such camera.
            RenderError: If no image can be drawn.
        """
        ...

    def close(self) -> None:
        """Free everything; may be called twice."""
        ...
