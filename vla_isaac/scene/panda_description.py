"""Our own Panda as plain data, read from ``data/robots/panda/panda.xml`` without any simulator.

Only the MJCF elements in that file are supported: nested bodies, `inertial`, one joint per body, primitive geoms with
defaults by class, position actuators and contact exclusions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast
from xml.etree import ElementTree

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.poses import Pose
from vla_isaac.core.resources import resource
from vla_isaac.robots import panda
from vla_isaac.scene.colours import RGB
from vla_isaac.scene.spec import JointGains

Attributes = dict[str, str]
SolidKind = Literal["box", "cylinder", "capsule", "ellipsoid"]

GRIPPER_COUPLED = 2  # one actuator of the file drives this many coupled fingers


@dataclass(frozen=True, eq=False)
class Solid:
    """One primitive of a link, visual or collision."""

    kind: SolidKind
    size: tuple[float, ...]
    """Box and ellipsoid: half extents [m]. Cylinder and capsule: radius, half length between the ends or caps [m]."""

    pose_link_solid: Pose
    rgb: RGB
    is_collision: bool
    friction: float
    """Sliding friction coefficient; 1 by default, as in MuJoCo."""


@dataclass(frozen=True, eq=False)
class Inertial:
    """Mass and inertia of a link about its centre of mass."""

    mass: float
    """[kg]."""

    center: Array
    """Centre of mass in the link [m], shape (3,)."""

    matrix: Array
    """Inertia about the centre of mass in the link's axes [kg m^2], shape (3, 3)."""

    def principal(self) -> tuple[Array, Array]:
        """Return the principal moments [kg m^2], shape (3,), and the quaternion of their axes in the link."""
        moments, axes = np.linalg.eigh(self.matrix)
        if np.linalg.det(axes) < 0:
            axes = axes * np.array([1.0, 1.0, -1.0])
        return moments, rotations.matrix_to_quat(axes)


@dataclass(frozen=True)
class Joint:
    """Joint of a link to its parent, and its drive; [rad], [Nm] for revolute, [m], [N] for prismatic."""

    name: str
    kind: Literal["revolute", "prismatic"]
    axis: Literal["X", "Y", "Z"]
    lower: float
    upper: float
    stiffness: float
    damping: float
    """Of the drive."""

    passive_damping: float
    """Damping of the joint itself, driven or not."""

    armature: float
    """Reflected rotor inertia."""

    max_force: float


@dataclass(frozen=True, eq=False)
class Link:
    """One rigid body of the arm."""

    name: str
    parent: str | None
    pose_parent_link: Pose
    """Pose in the parent with the joint at zero."""

    inertial: Inertial
    joint: Joint | None
    """None: welded to the parent, or to the world."""

    solids: tuple[Solid, ...]


@dataclass(frozen=True)
class PandaDescription:
    """The whole robot, parents before children."""

    links: tuple[Link, ...]
    excluded_pairs: tuple[tuple[str, str], ...]
    """Pairs of links without contact."""

    def poses_base_link(self, position: dict[str, float]) -> dict[str, Pose]:
        """Return the pose of every link for joint positions by joint name ([rad] or [m])."""
        poses: dict[str, Pose] = {}
        for link in self.links:
            pose = link.pose_parent_link
            if link.joint is not None:
                pose = pose @ joint_motion(link.joint, position[link.joint.name])
            poses[link.name] = poses[link.parent] @ pose if link.parent else pose
        return poses


def joint_motion(joint: Joint, position: float) -> Pose:
    """Return the transform of the joint at `position`."""
    axis = np.array([joint.axis == a for a in "XYZ"], dtype=np.float64) * position
    if joint.kind == "prismatic":
        return Pose(axis, rotations.QUAT_IDENTITY)
    return Pose(np.zeros(3), rotations.axis_angle_to_quat(axis))


def drive_gains(joint: Joint, gains: JointGains) -> tuple[float, float]:
    """Return stiffness and damping of a drive: the scene's gains for the arm where they are set, else the description's."""
    if joint.name not in panda.ARM_JOINTS:
        return joint.stiffness, joint.damping
    i = panda.ARM_JOINTS.index(joint.name)
    return (
        joint.stiffness if gains.stiffness is None else gains.stiffness[i],
        joint.damping if gains.damping is None else gains.damping[i],
    )


def speed_limit(joint: Joint) -> float:
    """Return the largest speed of a joint, [rad/s] or [m/s]."""
    if joint.name in panda.ARM_JOINTS:
        return float(panda.QVEL_LIMIT[panda.ARM_JOINTS.index(joint.name)])
    return panda.FINGER_SPEED_LIMIT


@lru_cache(maxsize=1)
def panda_description() -> PandaDescription:
    """Return the Panda description."""
    root = ElementTree.parse(resource("data", "robots", "panda", "panda.xml")).getroot()
    reader = _Reader(root)
    base = _one(_one(root, "worldbody"), "body")
    return PandaDescription(
        links=tuple(reader.links(base, None, "")),
        excluded_pairs=tuple((e.attrib["body1"], e.attrib["body2"]) for e in _one(root, "contact").iter("exclude")),
    )


class _Reader:
    """Converts XML elements; holds the file's shared defaults, colours and actuators."""

    def __init__(self, root: ElementTree.Element) -> None:
        self._defaults: dict[str, dict[str, Attributes]] = {"": {}}
        self._collect_defaults(_one(root, "default"), {})
        self._colours = {m.attrib["name"]: _rgb(m.attrib["rgba"]) for m in root.iter("material")}
        self._actuators = {a.attrib["joint"]: self._filled(a, "") for a in _one(root, "actuator").iter("position")}
        for coupling in _one(root, "equality").iter("joint"):
            self._couple(coupling.attrib["joint1"], coupling.attrib["joint2"])

    def _collect_defaults(self, element: ElementTree.Element, inherited: dict[str, Attributes]) -> None:
        own = {tag: dict(attributes) for tag, attributes in inherited.items()}
        for child in element:
            if child.tag != "default":
                own[child.tag] = {**own.get(child.tag, {}), **child.attrib}
        self._defaults[element.get("class", "")] = own
        for child in element.findall("default"):
            self._collect_defaults(child, own)

    def _filled(self, element: ElementTree.Element, childclass: str) -> Attributes:
        """Return an element's attributes with the defaults of its class."""
        name = element.get("class", childclass)
        return {**self._defaults[name].get(element.tag, {}), **element.attrib}

    def _couple(self, follower: str, leader: str) -> None:
        """Give the follower the leader's actuator; each of the two coupled joints gets half the force."""
        shared = dict(self._actuators[leader])
        for name in ("kp", "kv"):
            shared[name] = str(float(shared[name]) / GRIPPER_COUPLED)
        shared["forcerange"] = " ".join(str(v / GRIPPER_COUPLED) for v in _numbers(shared["forcerange"]))
        self._actuators[leader] = self._actuators[follower] = shared

    def links(self, body: ElementTree.Element, parent: str | None, childclass: str) -> Iterator[Link]:
        """Yield a body and all its descendants."""
        childclass = body.get("childclass", childclass)
        joint = body.find("joint")
        yield Link(
            name=body.attrib["name"],
            parent=parent,
            pose_parent_link=_pose(body.attrib),
            inertial=_inertial(_one(body, "inertial").attrib),
            joint=None if joint is None else self._joint(self._filled(joint, childclass)),
            solids=tuple(self._solid(self._filled(g, childclass)) for g in body.findall("geom")),
        )
        for child in body.findall("body"):
            yield from self.links(child, body.attrib["name"], childclass)

    def _joint(self, a: Attributes) -> Joint:
        lower, upper = _numbers(a["range"])
        actuator = self._actuators[a["name"]]
        return Joint(
            name=a["name"],
            kind="prismatic" if a.get("type") == "slide" else "revolute",
            axis=cast(Literal["X", "Y", "Z"], "XYZ"[_numbers(a["axis"]).index(1.0)]),
            lower=lower,
            upper=upper,
            stiffness=float(actuator["kp"]),
            damping=float(actuator["kv"]),
            passive_damping=float(a["damping"]),
            armature=float(a["armature"]),
            max_force=_numbers(actuator["forcerange"])[1],
        )

    def _solid(self, a: Attributes) -> Solid:
        kind = cast(SolidKind, a["type"])
        size, pose = _numbers(a["size"]), _pose(a)
        if "fromto" in a:
            half_length, pose = _between(np.array(_numbers(a["fromto"])))
            size = (size[0], half_length)
        return Solid(
            kind=kind,
            size=size,
            pose_link_solid=pose,
            rgb=self._colours[a["material"]] if "material" in a else _rgb(a["rgba"]),
            is_collision=a["contype"] != "0",
            friction=_numbers(a.get("friction", "1"))[0],
        )


def _inertial(a: Attributes) -> Inertial:
    if "fullinertia" in a:
        xx, yy, zz, xy, xz, yz = _numbers(a["fullinertia"])
        matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    else:
        matrix = np.diag(_numbers(a["diaginertia"]))
    return Inertial(float(a["mass"]), np.array(_numbers(a["pos"])), matrix)


def _between(ends: Array) -> tuple[float, Pose]:
    """Return half the distance between two points, shape (6,), and a frame in their middle with z along them."""
    way = ends[3:] - ends[:3]
    length = float(np.linalg.norm(way))
    z = np.array([0.0, 0.0, 1.0])
    turn = np.cross(z, way / length)
    sine, cosine = float(np.linalg.norm(turn)), float(way[2] / length)
    if sine < 1e-12:
        turn, sine = np.array([1.0, 0.0, 0.0]), 1.0  # parallel: any axis is valid, the angle is 0 or pi
    quat = rotations.axis_angle_to_quat(turn / sine * np.arccos(np.clip(cosine, -1.0, 1.0)))
    return length / 2, Pose((ends[:3] + ends[3:]) / 2, quat)


def _pose(a: Attributes) -> Pose:
    pos = np.array(_numbers(a.get("pos", "0 0 0")))
    quat = np.array(_numbers(a.get("quat", "1 0 0 0")))
    return Pose(pos, rotations.quat_normalized(quat))


def _rgb(rgba: str) -> RGB:
    red, green, blue, _ = _numbers(rgba)
    return red, green, blue


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split())


def _one(element: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = element.find(tag)
    if found is None:
        raise ValueError(f"panda.xml: <{element.tag}> has no <{tag}>")
    return found
