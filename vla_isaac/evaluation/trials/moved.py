"""The trial ``moved``: the object is moved once by a few centimetres while the hand approaches it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import SceneError, UsageError
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Backend, RenderRequest, Steps
from vla_isaac.tasks import free_space
from vla_isaac.tasks import geometry as g

DISTANCE = (0.03, 0.08)  # [m] smallest and largest
DIRECTIONS = 200  # largest number of tries
REMAINING_SHARE = 2 / 3  # of the distance between ee and object at the start, when the object is moved
RISE = 0.01  # [m] above its start an object counts as lifted
CLEARANCE = free_space.FINGER_ROOM  # [m] around the new place, so that it can be gripped there


@runtime_checkable
class MovesObjects(Protocol):
    """What a backend must provide in addition to `sim.Backend`."""

    def move_object(self, name: str, pos: Array) -> None:
        """Move a movable object during an episode; it is at rest afterwards."""
        ...


def check_moves_objects(backend: object, name: str) -> None:
    """Raise `UsageError` unless a backend, or its class, can move an object."""
    if not hasattr(backend, "move_object"):
        raise UsageError(f"the trial 'moved' needs a backend that can move an object, {name!r} cannot; choose mujoco")


def draw_new_position(state: SceneState, name: str, randomisation: Randomisation, seed: int) -> tuple[float, float]:
    """Return the new position of an object, the same for every policy: 3 to 8 cm away, free, in the area.

    Raises:
        SceneError: If there is no room in any direction tried.
    """
    i, rng = state.index(name), stream(seed, "moved object")
    distance = rng.uniform(*DISTANCE)
    x, y = float(state.object_pos[i, 0]), float(state.object_pos[i, 1])
    for turn in rng.uniform(0.0, 2 * math.pi, size=DIRECTIONS):
        point = (x + distance * math.cos(turn), y + distance * math.sin(turn))
        if _is_in_area(point, randomisation) and free_space.room_at(state, i, point) >= CLEARANCE:
            return point
    raise SceneError(f"there is no free place {100 * distance:.1f} cm from {name}; choose another seed or a roomier scene")


class MovedObjectBackend:
    """A backend wrapper that moves an object once, when the hand has covered a third of the distance to it.

    It does not move an object that is grasped or lifted, and not onto a place that is occupied.
    """

    def __init__(self, backend: Backend, target: str, place: tuple[float, float]) -> None:
        """Wrap a backend whose episode is about to begin.

        Raises:
            UsageError: If it cannot move objects.
        """
        check_moves_objects(backend, backend.name)
        assert isinstance(backend, MovesObjects)
        self._moves: MovesObjects = backend
        self._backend, self._target, self._place = backend, target, place
        self.name = backend.name
        self._distance = _distance(backend.state(), target)
        self._steps = 0
        self.moved_by: float | None = None
        """Distance by which the object was moved [m]; None before."""
        self.moved_at_step: int | None = None
        """Control period after which it was moved, None before."""

    def step(self) -> None:
        """Advance by one control period, then move the object if it is due."""
        self._backend.step()
        self._steps += 1
        if self.moved_by is None:
            self._move_if_due(self._backend.state())

    def _move_if_due(self, state: SceneState) -> None:
        i = state.index(self._target)
        rise = float(state.object_pos[i, 2] - state.initial_object_pos[i, 2])
        is_near = _distance(state, self._target) <= REMAINING_SHARE * self._distance
        if not is_near or rise > RISE or g.is_gripped(state, i) or free_space.room_at(state, i, self._place) <= 0.0:
            return
        pos = np.array([*self._place, float(state.object_pos[i, 2])])
        self._moves.move_object(self._target, pos)
        self.moved_by = float(np.linalg.norm(pos - state.object_pos[i]))
        self.moved_at_step = self._steps

    # ------------------------------------------------------------------ delegated to the wrapped backend

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Build the scene."""
        return self._backend.load(spec)

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Place everything as in `layout`."""
        return self._backend.reset(layout)

    def apply(self, target: JointTarget) -> None:
        """Set the joint targets."""
        self._backend.apply(target)

    def state(self) -> SceneState:
        """Return the current state."""
        return self._backend.state()

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        """Return one frame per request."""
        return self._backend.render(requests)

    def close(self) -> None:
        """Release the backend."""
        self._backend.close()


def _distance(state: SceneState, name: str) -> float:
    return float(np.linalg.norm(state.pose_world_ee.pos - state.pos(name)))


def _is_in_area(point: tuple[float, float], randomisation: Randomisation) -> bool:
    (x_low, x_high), (y_low, y_high) = randomisation.area_x, randomisation.area_y
    return x_low <= point[0] <= x_high and y_low <= point[1] <= y_high and free_space.is_on_table_in_reach(point)
