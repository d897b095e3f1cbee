"""Scene data: `SceneSpec` has the objects, cameras and timing, `SceneLayout` the poses and looks of one episode."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vla_isaac.core.checks import check_shape
from vla_isaac.core.errors import ConfigError, SceneError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.poses import Pose
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.types import Body
from vla_isaac.robots import panda
from vla_isaac.scene.cameras import STANDARD_CAMERAS, VIDEO, CameraConfig
from vla_isaac.scene.colours import RGB
from vla_isaac.scene.objects import ObjectSpec

LAMP_TARGET = (0.45, 0.0, 0.0)
"""Centre of the object area, which every lamp points at [m]."""

TEXTURES = ("plain", "wood", "checker", "speckle")
"""Table textures that every backend can draw."""


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """The table: its top is the plane z = 0 of the world, which the robot base stands on."""

    size: tuple[float, float, float] = (1.1, 1.3, 0.04)
    """Full extents [m]."""

    center_xy: tuple[float, float] = (0.35, 0.0)
    """Centre of the top in the world [m]."""

    rgb: RGB = (0.58, 0.50, 0.41)
    """Colour of the top."""

    texture: str = "plain"
    """One of `TEXTURES`."""

    friction: float = 1.0
    """Sliding friction coefficient."""

    def __post_init__(self) -> None:
        check_number_fields("table", self)
        if self.texture not in TEXTURES:
            raise unknown_name("table texture", self.texture, TEXTURES)


@dataclass(frozen=True, kw_only=True)
class LightSpec:
    """A lamp that shines from a point towards the middle of the table."""

    name: str
    """Key of this light."""

    pos: tuple[float, float, float]
    """Position in the world [m]."""

    intensity: float = 0.6
    """Relative brightness; 1 lights a white surface fully."""

    casts_shadow: bool = False
    """Whether it casts shadows; only videos draw shadows."""

    def __post_init__(self) -> None:
        check_number_fields(f"light {self.name!r}", self)


KEY_LIGHT = LightSpec(name="key", pos=(0.9, 0.6, 1.8), intensity=0.55, casts_shadow=True)
FILL_LIGHT = LightSpec(name="fill", pos=(0.2, -1.2, 1.4), intensity=0.25)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Control rate and physics step."""

    control_hz: float = 20.0
    """Control rate [Hz]; one `Backend.step` lasts 1 / control_hz."""

    max_physics_dt: float = 0.002
    """Upper bound of the physics time step [s]; the actual one divides the control period."""

    def __post_init__(self) -> None:
        check_number_fields("timing", self)
        if not 0.1 <= self.control_hz <= 1000.0:
            raise ConfigError(f"timing: control_hz={self.control_hz} must lie within 0.1 to 1000 Hz")
        if not 1e-5 <= self.max_physics_dt <= 0.02:
            raise ConfigError(f"timing: max_physics_dt={self.max_physics_dt} s must lie within 0.00001 to 0.02 s")

    @property
    def substeps(self) -> int:
        """Physics steps per control period, ``ceil(period / max_physics_dt)``, a whole number at every rate."""
        # tolerance for rounding: 0.05 / 0.002 must be 25, not 26, in floating point
        return max(1, math.ceil(1.0 / self.control_hz / self.max_physics_dt - 1e-9))


Seven = tuple[float, float, float, float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class JointGains:
    """Stiffness and damping of the arm's joint drives; None keeps the robot model's values."""

    stiffness: Seven | None = None
    """[Nm/rad] per joint."""

    damping: Seven | None = None
    """[Nm s/rad] per joint."""

    def __post_init__(self) -> None:
        check_number_fields("gains", self)
        for name in ("stiffness", "damping"):
            values = getattr(self, name)
            if values is not None and not all(0.0 < v <= 1e6 for v in values):
                raise ConfigError(f"gains: {name}={values} must lie within 0 to 1,000,000 for every joint")


@dataclass(frozen=True, kw_only=True)
class SceneSpec:
    """Objects, table, cameras, lights and timing of a scene."""

    name: str
    """Name of the scene, for messages and records."""

    objects: tuple[ObjectSpec, ...] = ()
    """Objects with unique names; layouts and states keep this order."""

    table: TableSpec = TableSpec()
    """The table."""

    cameras: tuple[CameraConfig, ...] = (*STANDARD_CAMERAS, VIDEO)
    """Cameras with unique names."""

    lights: tuple[LightSpec, ...] = (KEY_LIGHT, FILL_LIGHT)
    """Lamps."""

    ambient: float = 0.35
    """Ambient light, relative."""

    timing: Timing = Timing()
    """Control rate and physics step."""

    gains: JointGains = JointGains()
    """Stiffness and damping of the arm."""

    instruction: str = ""
    """The default instruction."""

    def __post_init__(self) -> None:
        check_number_fields(f"scene {self.name!r}", self)
        for kind, names in (("object", [o.name for o in self.objects]), ("camera", [c.name for c in self.cameras])):
            twice = {n for n in names if names.count(n) > 1}
            if twice:
                raise SceneError(
                    f"scene {self.name!r}: two {kind}s are named {sorted(twice)[0]!r}", remedy="names must be unique"
                )

    @property
    def bodies(self) -> tuple[Body, ...]:
        """The `Body` of each object, in order."""
        return tuple(o.body for o in self.objects)

    @property
    def object_names(self) -> tuple[str, ...]:
        """The objects' names, in order."""
        return tuple(o.name for o in self.objects)

    def camera(self, name: str) -> CameraConfig:
        """Return a camera by name.

        Raises:
            UnknownNameError: If the scene has no such camera.
        """
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise unknown_name("camera", name, [c.name for c in self.cameras])

    def with_rate(self, control_hz: float) -> SceneSpec:
        """Return the same scene stepped at another control rate [Hz]."""
        return replace(self, timing=replace(self.timing, control_hz=control_hz))


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Pose, colour, mass and friction of one object in one episode."""

    pos: tuple[float, float, float]
    """Centre in the world [m]."""

    quat_wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """Orientation in the world."""

    rgb: RGB
    """Colour in this episode: a shade of its named colour."""

    mass: float
    """Mass in this episode [kg]."""

    friction: float
    """Sliding friction coefficient in this episode."""

    def __post_init__(self) -> None:
        check_number_fields("an object of the layout", self, error=SceneError)
        if not 0.0 < self.mass <= 100.0 or not 0.0 <= self.friction <= 100.0:
            raise SceneError(
                f"an object of the layout has mass={self.mass} kg and friction={self.friction}",
                remedy="masses are above 0 and up to 100 kg, friction coefficients within 0 to 100",
            )
        if not 0.5 <= np.linalg.norm(self.quat_wxyz) <= 2.0:
            raise SceneError(
                f"an object of the layout has quat_wxyz={self.quat_wxyz}", remedy="give a unit quaternion, scalar first"
            )

    @property
    def pose_world(self) -> Pose:
        """Pose in the world frame."""
        return Pose(np.array(self.pos), np.array(self.quat_wxyz))


@dataclass(frozen=True, kw_only=True)
class SceneLayout:
    """Initial state of one episode: every number a backend needs, nothing random."""

    objects: tuple[Placement, ...]
    """One per object of the scene, in its order."""

    qpos: tuple[float, ...]
    """Arm joint angles at the start [rad], length 7."""

    gripper_width: float = panda.GRIPPER_MAX_WIDTH
    """Distance between the fingers at the start [m]."""

    table: TableSpec
    """The table in this episode: colour, texture and friction."""

    lights: tuple[LightSpec, ...]
    """The lamps in this episode."""

    ambient: float
    """Ambient light in this episode, relative."""

    cameras: tuple[CameraConfig, ...]
    """The cameras in this episode, after jitter; same names and order as in the scene."""

    def __post_init__(self) -> None:
        check_number_fields("layout", self, error=SceneError)
        check_shape("layout.qpos", self.qpos, (7,))

    def check_fits(self, spec: SceneSpec) -> None:
        """Raise `SceneError` unless this layout belongs to `spec`."""
        if len(self.objects) != len(spec.objects):
            raise SceneError(
                f"the layout places {len(self.objects)} objects but the scene {spec.name!r} has {len(spec.objects)}",
                remedy="sample the layout from the scene that is loaded",
            )
        if [c.name for c in self.cameras] != [c.name for c in spec.cameras]:
            raise SceneError(
                f"the layout's cameras are not those of the scene {spec.name!r}", remedy="sample it from that scene"
            )
