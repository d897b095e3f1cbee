"""What is no finite real number is refused at every entrance with an error of this package, and nothing is lost silently."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from vla_isaac.control import ActionConverter, ControlConfig, SafetyStage
from vla_isaac.core.checks import check_finite, real_numbers
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError, PolicyError, ShapeError, VlaIsaacError
from vla_isaac.core.poses import Pose, look_at
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, ActionChunk, JointTarget
from vla_isaac.policies.read_only_boundary import plain_chunk
from vla_isaac.robots import panda
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.live_settings import checked_seed
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.cameras import FRONT
from vla_isaac.scene.objects import make_object
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import Placement, Timing
from vla_isaac.sensors.camera import ImageOptions
from vla_isaac.sim.backend import check_target


class Raising:
    """An object of another library that fails in every way."""

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        raise RuntimeError("Can't call numpy() on a tensor that requires grad")

    def __float__(self) -> float:
        raise OverflowError("too large")

    def __repr__(self) -> str:
        raise RuntimeError("no text either")


ODD = {
    "too large for float64": 10**400,
    "too large for text": 10**5000,
    "complex": 1.0 + 2.0j,
    "text": "0.5",
    "bytes": b"0.5",
    "bool": True,
    "Decimal": Decimal("0.5"),
    "Fraction": Fraction(1, 2),
    "None": None,
    "object": Raising(),
    "list": [0.5, [0.5, 0.5]],
    "mapping": {"x": 0.5},
    "NaN": math.nan,
    "infinity": -math.inf,
    "longdouble": np.longdouble("1e4000") if np.finfo(np.longdouble).max > 1e308 else np.longdouble("inf"),
    "masked": np.ma.masked_array(0.5, mask=True),
}

HOME = panda.QPOS_HOME
SPEC = ActionSpec(joints="delta_rad", gripper="width_m")


def seven(value: object) -> list[object]:
    return [value, *[0.1] * 6]


def converter() -> ActionConverter:
    made = ActionConverter(SPEC)
    made.reset(HOME, 0.04)
    return made


PLACE = {"pos": (0.5, 0.0, 0.02), "rgb": (1.0, 0.0, 0.0), "mass": 0.05, "friction": 1.0}
SCENE = scene_preset("tabletop")

ENTRANCES = {
    "policy, arm": lambda v: plain_chunk_and_convert([seven(v)], [0.04]),
    "policy, gripper": lambda v: plain_chunk_and_convert([seven(0.1)], [v]),
    "converter, arm": lambda v: converter().convert(Action(seven(v), 0.04), qpos=HOME, gripper_width=0.04),
    "converter, gripper": lambda v: converter().convert(Action(np.zeros(7), v), qpos=HOME, gripper_width=0.04),
    "converter, period": lambda v: ActionConverter(SPEC, period=v),
    "converter, reset joints": lambda v: converter().reset(seven(v), 0.04),
    "converter, reset fingers": lambda v: converter().reset(HOME, v),
    "hold joints": lambda v: SafetyStage(ControlConfig()).hold(seven(v), 0.04),
    "hold fingers": lambda v: SafetyStage(ControlConfig()).hold(HOME, v),
    "rows of a chunk": lambda v: check_finite("rows", plain_chunk(ActionChunk.from_rows([seven(v)])).arm),
    "target": lambda v: check_target(JointTarget(seven(v), 0.04)),
    "target, fingers": lambda v: check_target(JointTarget(HOME, v)),
    "control config": lambda v: ControlConfig(ee_speed=v),
    "control config, tuple": lambda v: ControlConfig(workspace_low=(v, -0.6, 0.005)),
    "action spec": lambda v: ActionSpec(joints="delta_rad", joint_scale=v),
    "camera, eye": lambda v: dataclasses.replace(FRONT, eye=(v, 0.0, 0.6)),
    "camera, size": lambda v: dataclasses.replace(FRONT, resolution_hw=(v, 64)),
    "camera, angle": lambda v: dataclasses.replace(FRONT, fov_y=v),
    "image": lambda v: ImageOptions(noise=v),
    "look at": lambda v: look_at((v, 0.0, 0.0), (1.0, 0.0, 0.0)),
    "pose": lambda v: Pose.checked((v, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),
    "quaternion": lambda v: Pose.checked((0.0, 0.0, 0.0), (v, 0.0, 0.0, 0.0)),
    "object, mass": lambda v: dataclasses.replace(make_object("cube", "red"), mass=v),
    "object, size": lambda v: make_object("cube", "red", size=(v, 0.04, 0.04)),
    "placement, mass": lambda v: Placement(**PLACE | {"mass": v}),
    "placement, position": lambda v: Placement(**PLACE | {"pos": (v, 0.0, 0.0)}),
    "randomisation": lambda v: Randomisation(area_x=(v, 0.6)),
    "timing": lambda v: Timing(control_hz=v),
    "seed": lambda v: EpisodeRequest(scene=SCENE, randomisation=Randomisation(), seed=v),
    "YAML, number": lambda v: from_mapping(ControlConfig, {"ee_speed": v}),
    "YAML, numbers": lambda v: from_mapping(ControlConfig, {"workspace_low": [v, -0.6, 0.005]}),
    "YAML, whole number": lambda v: from_mapping(ControlConfig, {"iterations": v}),
    "panel, seed": lambda v: checked_seed(v) if not isinstance(v, int) or isinstance(v, bool) else checked_seed(-v),
}
MAY_BE_NONE = {"converter, gripper", "converter, period"}
"""Entrances where None is a value."""
HOLDS_LISTS = {"policy, arm", "converter, arm", "converter, reset joints", "hold joints", "rows of a chunk", "target"}
HOLDS_LISTS |= {"camera, eye", "camera, size", "pose", "quaternion", "placement, position"}
"""Entrances where the value is one of a list: next to numbers, numpy takes True for 1, and nothing is lost."""


def plain_chunk_and_convert(arm: object, gripper: object) -> None:
    converter().convert(plain_chunk(ActionChunk(arm, gripper))[0], qpos=HOME, gripper_width=0.04)


@pytest.mark.filterwarnings("ignore:Warning. converting a masked element to nan")
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_what_is_no_finite_real_number_is_refused(entrance, kind):
    if (kind == "None" and entrance in MAY_BE_NONE) or (kind == "bool" and entrance in HOLDS_LISTS):
        return
    with pytest.raises(VlaIsaacError) as caught:
        ENTRANCES[entrance](ODD[kind])
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "value", [0.25, np.float32(0.25), np.float16(0.25), np.longdouble(0.25), np.array(0.25), np.ma.masked_array(0.25)]
)
def test_every_kind_of_real_number_is_read_exactly(value):
    numbers = real_numbers("x", value)
    assert (float(numbers), numbers.dtype) == (0.25, np.float64)


def test_whole_numbers_of_any_width_are_read_exactly():
    assert real_numbers("x", [np.int8(-3), 2**53]).tolist() == [-3.0, 2.0**53]


def test_the_errors_say_what_was_given_and_what_is_accepted():
    with pytest.raises(PolicyError, match=r"the action's arm is \[\[.*expected rows of numbers, not complex numbers"):
        plain_chunk(ActionChunk([[1j] * 7], None))
    with pytest.raises(ShapeError, match=r"qpos has masked entries"):
        converter().reset(np.ma.masked_array(HOME, mask=[0, 0, 1, 0, 0, 0, 0]), 0.04)
    with pytest.raises(ConfigError, match=r"camera 'front': resolution_hw is \(64\.5, 64\); give whole numbers"):
        dataclasses.replace(FRONT, resolution_hw=(64.5, 64))
