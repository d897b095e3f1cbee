"""What the tests of the PhysX backend share; without SAPIEN, only those of its absence run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vla_isaac.core.types import JointTarget, SceneState
from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.spec import Placement, SceneLayout, SceneSpec
from vla_isaac.sim.drive import drive

HOME = JointTarget(panda.QPOS_HOME, panda.GRIPPER_MAX_WIDTH)


def scene_of(*shapes: str, **changes) -> SceneSpec:
    """Return a scene of red objects."""
    builder = FrankaSceneBuilder("physx")
    for number, shape in enumerate(shapes):
        builder.add(shape, "red", name=f"{shape}_{number}", **changes)
    return builder.build()


def layout_of(spec: SceneSpec, *places: tuple[float, float, float], friction: float = 1.0, table: float = 1.0, mass=None):
    """Return a layout with the arm at home; everything has the same friction, and the same mass if one is given."""
    objects = tuple(
        Placement(pos=place, rgb=(0.8, 0.1, 0.1), mass=mass or o.mass, friction=friction)
        for o, place in zip(spec.objects, places, strict=True)
    )
    return SceneLayout(
        objects=objects,
        qpos=tuple(panda.QPOS_HOME),
        table=type(spec.table)(friction=table),
        lights=spec.lights,
        ambient=spec.ambient,
        cameras=spec.cameras,
    )


@pytest.fixture
def laid_out():
    """What loads a scene into a new backend and lays it out."""
    sapien = pytest.importorskip("sapien")
    assert sapien
    from vla_isaac.backends.physx.backend import PhysxBackend

    made = []

    def lay_out(spec: SceneSpec, layout: SceneLayout) -> PhysxBackend:
        backend = PhysxBackend()
        made.append(backend)
        drive(backend.load(spec))
        drive(backend.reset(layout))
        return backend

    yield lay_out
    for backend in made:
        backend.close()


def hold(backend, seconds: float, watch: Callable[[SceneState], None] = lambda state: None) -> SceneState:
    """Hold the home posture and return the state at the end."""
    for _ in range(round(seconds * 20)):
        backend.apply(HOME)
        backend.step()
        watch(backend.state())
    return backend.state()


def shove(backend, row: int, velocity: tuple[float, float, float]) -> None:
    """Give an object a velocity [m/s]."""
    body = backend._world.objects[row].body
    body.wake_up()
    body.linear_velocity = np.array(velocity, dtype=np.float32)
