"""Faults planted into the simulated Isaac Sim, each with the check that must find it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.simulated_isaac import classic_prims, experimental_views, pictures
from tests.simulated_isaac.classic_camera import Camera
from tests.simulated_isaac.classic_prims import Articulation
from tests.simulated_isaac.experimental_camera import CameraSensor
from tests.simulated_isaac.experimental_managers import SimulationManager
from tests.simulated_isaac.kit import Settings, Timeline
from tests.simulated_isaac.physics import Physics
from tests.simulated_isaac.pictures import Painter, Snapshot, View
from tests.simulated_isaac.replicator import ReferenceTime
from tests.simulated_isaac.simulation import Simulation
from tests.simulated_isaac.streams import Stream

DEGREES = 180.0 / np.pi
OTHERS = [("4.2", "classic"), ("4.5", "classic"), ("6.2", "experimental")]


@dataclass(frozen=True)
class Fault:
    """One fault: what is planted, and where."""

    check: str
    plant: Callable[[Any, Any], None]
    """Called with pytest's monkeypatch and the simulation."""

    release: str = "5.1"
    port: str = "classic"
    mode: str = "script"
    options: dict[str, Any] = field(default_factory=dict)
    """Of `simulated_isaac`."""

    only_here: str = ""
    """Why the fault is planted in one release and interface only; empty: in `OTHERS`, too."""

    not_in: tuple[tuple[str, str], ...] = ()
    """Those of `OTHERS` in which the check says "not checked", or in which there is no such thing to break."""

    @property
    def places(self) -> list[tuple[str, str]]:
        """Return release and interface of each place where it is planted."""
        return [(self.release, self.port), *([] if self.only_here else [p for p in OTHERS if p not in self.not_in])]


FAULTS: dict[str, Fault] = {}


def fault(name: str, check: str, **more: Any) -> Callable[[Callable[[Any, Any], None]], Callable[[Any, Any], None]]:
    def add(plant: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        FAULTS[name] = Fault(check, plant, **more)
        return plant

    return add


def wrap(patch: Any, owner: Any, name: str, change: Callable[..., Any]) -> None:
    """Replace a method by one that calls `change(original result, self, *args)`."""
    old = getattr(owner, name)
    patch.setattr(owner, name, lambda self, *a, **k: change(old(self, *a, **k), self, *a, **k))


def after_start(patch: Any, change: Callable[[Any], None]) -> None:
    """Call `change(physics)` after the stage was read."""
    wrap(patch, Physics, "start", lambda _, physics: change(physics))


@fault("a release of the future", "release")
def _(patch, sim):
    sim.settings.set("/app/version", "9.0.0")


@fault("a module that raises when it is imported", "port")
def _(patch, sim):
    old = importlib.import_module

    def broken(name, *more):
        if name in ("omni.isaac.sensor", "isaacsim.sensors.camera", "isaacsim.sensors.experimental.rtx"):
            raise RuntimeError("planted: the extension has not started")
        return old(name, *more)

    patch.setattr(
        "vla_isaac.backends.isaac.inspection.importlib", type("Broken", (), {"import_module": staticmethod(broken)})
    )


@fault(
    "Newton instead of PhysX",
    "engine-and-device",
    release="6.2",
    port="experimental",
    only_here="only 6.x has Newton, and only this port",
)
def _(patch, sim):
    patch.setattr(SimulationManager, "get_active_physics_engine", lambda self: "newton")


@fault("no asset server", "robot-asset", options={"assets": "none"})
def _(patch, sim):
    """The option is the fault."""


@fault("handles that cannot be made", "load-and-reset")
def _(patch, sim):
    def initialize(self, *args, **more):
        raise RuntimeError("planted: no physics view")

    patch.setattr(Articulation, "initialize", initialize)
    patch.setattr(experimental_views.Articulation, "create", initialize)


# 4.x has no `SimulationManager`, whose counter and clock these compare with; 4.2 has no warm-up steps
@fault("play without warm-up", "warm-up-steps", not_in=OTHERS[:2])
def _(patch, sim):
    sim.traps = sim.traps.without("play_steps_count")


@fault("a step of a long update is lost", "steps-per-period")
def _(patch, sim):
    old = Physics.step
    patch.setattr(Physics, "step", lambda self, n: old(self, n - 1 if n > 30 else n))


@fault("a clock that runs twice as fast", "simulation-clock", not_in=[OTHERS[1]])  # 4.5 has no clock
def _(patch, sim):
    wrap(patch, SimulationManager, "get_simulation_time", lambda time, self: 2 * time)
    if sim.generation == "A":  # 4.2
        bindings = importlib.import_module("omni.isaac.core_nodes.bindings._omni_isaac_core_nodes")
        clock = SimpleNamespace(get_sim_time=lambda: 2 * sim.physics.time)
        patch.setattr(bindings, "acquire_interface", lambda: clock)


@fault("events of the timeline come four updates late", "timeline-events")
def _(patch, sim):
    waiting = []
    old = Stream.emit

    def emit(self, *args, **more):
        if self is sim.timeline_stream:
            waiting.append((sim.num_updates + 4, args, more))
        else:
            old(self, *args, **more)

    def updated(_, self):
        due = [one for one in waiting if one[0] <= sim.num_updates]
        for one in due:
            waiting.remove(one)
            old(sim.timeline_stream, *one[1], **one[2])

    patch.setattr(Stream, "emit", emit)
    wrap(patch, Simulation, "update", updated)


@fault("a subscription that outlives its object", "timeline-events")
def _(patch, sim):
    kept = []
    wrap(patch, Stream, "subscribe", lambda one, self, *a, **k: kept.append(one) or one)


@fault("a timeline that never says it is stopped", "stop-by-hand")
def _(patch, sim):
    patch.setattr(Timeline, "is_stopped", lambda self: False)


@fault("pictures seven updates late", "picture-fresh")
def _(patch, sim):
    patch.setattr(pictures, "LATE_UPDATES", 7)


# the recording of 4.5 has no clock to compare with
@fault("a clock of pictures that is behind", "picture-stamp", not_in=(OTHERS[1],))
def _(patch, sim):
    wrap(patch, Camera, "_stamp", lambda time, self, new: time - 0.1)
    behind = 10**5  # microseconds
    wrap(patch, ReferenceTime, "get_data", lambda found, self: {k: v - behind * ("Num" in k) for k, v in found.items()})


@fault("two joints with each other's name", "joint-names")
def _(patch, sim):
    first, second, *rest = classic_prims.DOFS
    for module in (classic_prims, experimental_views):
        patch.setattr(module, "DOFS", (second, first, *rest))


@fault("two joints with each other's place", "joint-order")
def _(patch, sim):
    wrap(patch, Physics, "positions", lambda found, self: found[[2, 1, 0, 3, 4, 5, 6, 7, 8]])


@fault("limits in degrees", "joint-limits")
def _(patch, sim):
    def degrees(self):
        found = old.fget(self)
        found["lower"][:7] *= DEGREES
        found["upper"][:7] *= DEGREES
        return found

    old = Articulation.dof_properties
    patch.setattr(Articulation, "dof_properties", property(degrees))
    wrap(patch, experimental_views.Articulation, "get_dof_limits", lambda both, self: [v.numpy() * DEGREES for v in both])


@fault("a hand one centimetre off", "hand-pose")
def _(patch, sim):
    def moved(found, self, path):
        return (found[0] + np.float32([0.01, 0, 0]) if path.endswith("panda_hand") else found[0], found[1])

    wrap(patch, Physics, "pose", moved)


@fault("gravity on the arm", "arm-holds")
def _(patch, sim):
    after_start(patch, lambda physics: physics.loaded.model.body_gravcomp.fill(0.0))


@fault("finger travel halved", "finger-travel")
def _(patch, sim):
    wrap(patch, Physics, "positions", lambda found, self: np.concatenate([found[:7], found[7:] / 2]))


@fault("a finger that does not follow", "finger-mimic")
def _(patch, sim):
    old = Physics._clamped
    patch.setattr(Physics, "_clamped", lambda self, t: np.concatenate([old(self, t)[:8], [0.04]]))
    after_start(patch, lambda physics: physics.data.eq_active.fill(0))  # from 5.0 on the first finger moves it


@fault("gains set in the wrong unit", "gains")
def _(patch, sim):
    old = Physics.set_gains
    scaled = lambda values: None if values is None else np.asarray(values) / DEGREES  # noqa: E731
    patch.setattr(Physics, "set_gains", lambda self, k, d, dofs=slice(None): old(self, scaled(k), scaled(d), dofs))


@fault("gains per degree, set and read alike", "drive-response")
def _(patch, sim):
    FAULTS["gains set in the wrong unit"].plant(patch, sim)
    wrap(patch, Physics, "gains", lambda found, self: (found[0] * DEGREES, found[1] * DEGREES))


@fault("gains lost at the second reset", "gains-after-reset")
def _(patch, sim):
    old = Physics.set_gains
    seen = []

    def first_time_only(self, k, d, dofs=slice(None)):
        seen.append(self.session)
        old(self, *((k, d) if self.session == seen[0] else (np.asarray(k) / 2, d)), dofs)

    patch.setattr(Physics, "set_gains", first_time_only)


@fault("forty blind updates", "first-picture")
def _(patch, sim):
    patch.setattr(pictures, "WARM_UP_UPDATES", 40)


@fault("small pictures are empty", "picture-size")
def _(patch, sim):
    def emptied(found, self, layer):
        return np.zeros_like(found) if layer == "rgb" and min(self.view.size_hw) < 320 else found

    wrap(patch, Snapshot, "picture", emptied)


def of_layer(patch: Any, layer: str, change: Callable[[Any, Any], Any]) -> None:
    """Change what a layer of every picture shows."""
    wrap(patch, Snapshot, "picture", lambda found, self, name: change(found, self) if name == layer else found)


@fault("left and right swapped", "camera-axes")
def _(patch, sim):
    of_layer(patch, "rgb", lambda rgb, _: np.ascontiguousarray(rgb[:, ::-1]))


@fault("a longer focal length", "camera-intrinsics")
def _(patch, sim):
    old = View.__init__

    def narrow(self, *args):
        old(self, *args)
        self.half_width, self.half_height = 0.9 * self.half_width, 0.9 * self.half_height

    patch.setattr(View, "__init__", narrow)


@fault("the wrist camera upside down", "wrist-camera")
def _(patch, sim):
    old = View.__init__

    def turned(self, matrix, prim, size_hw):
        is_wrist = "wrist" in str(prim.GetPath())
        old(self, matrix @ np.diag([-1.0, -1.0, 1.0, 1.0]) if is_wrist else matrix, prim, size_hw)

    patch.setattr(View, "__init__", turned)


@fault("dark pictures", "brightness")
def _(patch, sim):
    of_layer(patch, "rgb", lambda rgb, _: rgb // 4)


@fault("blue for red", "colours")
def _(patch, sim):
    of_layer(patch, "rgb", lambda rgb, _: np.ascontiguousarray(rgb[..., ::-1]))


@fault("depth along the ray", "depth")
def _(patch, sim):
    def along(depth, self):
        height, width = depth.shape
        x = (np.arange(width) + 0.5 - width / 2) / (width / 2) * self.view.half_width
        y = (np.arange(height) + 0.5 - height / 2) / (height / 2) * self.view.half_height
        return (depth * np.sqrt(1 + x[None] ** 2 + y[:, None] ** 2)).astype(np.float32)

    of_layer(patch, "depth", along)


@fault("labels twice in one text", "segmentation")
def _(patch, sim):
    def doubled(found, self):
        return {number: {"class": f"{a}-{a}" if a == "red_cube" else a} for number, a in _classes(found)}

    wrap(patch, Snapshot, "id_to_labels", doubled)


def _classes(found: Any) -> Any:
    return [(number, one["class"]) for number, one in found.items()]


@fault("quaternions with the scalar last", "object-poses")
def _(patch, sim):
    wrap(patch, Physics, "pose", lambda found, self, path: (found[0], np.roll(found[1], -1)))


@fault("no gravity", "gravity")
def _(patch, sim):
    after_start(patch, lambda physics: physics.loaded.model.opt.gravity.fill(0.0))


@fault("velocities in centimetres per second", "object-velocities")
def _(patch, sim):
    wrap(patch, Physics, "body_velocity", lambda found, self, path: (100 * found[0], found[1]))


@fault("objects fall through the table", "contact-and-rest")
def _(patch, sim):
    def ghosts(physics):
        model = physics.loaded.model
        free = [physics.loaded.bodies[path] for path in physics.loaded.free]
        model.geom_contype[np.isin(model.geom_bodyid, free)] = 0
        model.geom_conaffinity[np.isin(model.geom_bodyid, free)] = 0

    after_start(patch, ghosts)


@fault("fingers without friction", "grasp-and-lift")
def _(patch, sim):
    after_start(patch, lambda physics: physics.loaded.model.geom_friction.fill(0.001))


@fault("cameras that are never freed", "memory")
def _(patch, sim):
    kept = []
    for kind, method in ((Camera, "initialize"), (CameraSensor, "create")):
        wrap(patch, kind, method, lambda _, self, *a, **k: kept.append(self._outer))


@fault("50 MB lost with every stage", "memory")
def _(patch, sim):
    kept = []
    wrap(patch, Painter, "stage_opened", lambda _, self: kept.append(np.ones(50_000_000, dtype=np.uint8)))


@fault("a setting that cannot be taken back", "settings-restored")
def _(patch, sim):
    patch.setattr(Settings, "destroy_item", lambda self, path: None)


@fault("a user's prim is changed", "stage-after-close", mode="kit")
def _(patch, sim):
    from pxr import Sdf

    mine = sim.stage.DefinePrim("/World/mine", "Xform")
    mine.CreateAttribute("size", Sdf.ValueTypeNames.Double).Set(1.0)
    after_start(patch, lambda physics: mine.GetAttribute("size").Set(2.0))
