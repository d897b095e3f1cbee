"""Checks of what pictures show: size, axes, intrinsics, wrist mount, light, colours, depth, labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.core.errors import BackendError
from vla_isaac.core.types import Frame, SceneState
from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.check import Measurement, ReportPicture, check
from vla_isaac.self_test.scene import CAMERAS, SIZE_HW
from vla_isaac.self_test.views import (
    TABLE,
    ExpectedView,
    best_flip,
    brightness,
    centre_of,
    expected_view,
    find_by_hue,
    fitted_scale,
    hue_distance,
    mean_hue,
    outlined,
)
from vla_isaac.sim.backend import RenderRequest, Steps

GROUP = "cameras"
PIXELS = 3.0  # [px] of 320: 7 mm on the table, less than the 1 cm at which a grasp fails
SCALE = 0.02  # share: 2 px at the outermost cube
LIGHT = (0.5, 2.0)  # share of the reference: policies were trained with lamps of 0.7 to 1.3 times and ambient light
HUE = 24.0  # [degrees] half of the smallest distance between the hues of the five cubes: the nearest name stays right
DEPTH = 0.01  # share, about 1 cm; a distance along the ray instead of the axis differs by up to 15 % in the corners
AGREE = 0.9  # share of an outline's pixels; the border of a 25 px cube is 15 % of it, half of which may fall outside
VISIBLE = 0.9  # share of an outline that must be free of the robot in the reference, for the cube to be used
ROBOT_SHARE = 0.01  # least share of the pixels that show the robot; the front picture has 8 %
SMALL_HW = (96, 128)


@dataclass(frozen=True, eq=False)
class Views:
    """Pictures of both cameras, the state they show, and what they must show."""

    state: SceneState
    frames: Mapping[str, Frame]
    expected: Mapping[str, ExpectedView]
    updates: int
    """App updates until the pictures were there."""


def views(bench: TestBench) -> Steps[Views]:
    """Return the pictures of the test scene, made once."""
    return (yield from bench.shared("the pictures of the test scene", _make_views))


def _make_views(bench: TestBench) -> Steps[Views]:
    yield from bench.scene()
    assert bench.layout is not None
    yield from bench.stage(bench.layout)
    before = bench.inspector.updates()
    frames = yield from bench.look(depth=True, segmentation=True)
    updates = bench.inspector.updates() - before
    yield from bench.redraw()
    frames = yield from bench.look(depth=True, segmentation=True)
    state = bench.backend.state()
    expected = {c: expected_view(bench.spec.camera(c), state, bench.spec.table) for c in CAMERAS}
    return Views(state, frames, expected, updates)


@check(
    "first-picture",
    GROUP,
    "The first picture after a reset comes within 30 app updates.",
    remedy="the GPU is busy compiling shaders at the first start: run the self-test again",
)
def first_picture(bench: TestBench) -> Steps[Measurement]:
    """Count the updates until both cameras gave a picture."""
    seen = yield from views(bench)
    return Measurement(
        holds=seen.updates <= 30, found=f"{seen.updates} updates", expected="at most 30", values={"updates": seen.updates}
    )


@check(
    "picture-size",
    GROUP,
    "Pictures have the size that was asked for, (height, width, 3) of uint8, small ones too.",
    remedy="post this report with the sizes",
)
def picture_size(bench: TestBench) -> Steps[Measurement]:
    """Ask for a large and a small picture."""
    seen = yield from views(bench)
    small = yield from bench.backend.render([RenderRequest(camera="front", resolution_hw=SMALL_HW)])
    frames = [(SIZE_HW, seen.frames["front"]), (SIZE_HW, seen.frames["wrist"]), (SMALL_HW, small["front"])]
    found = [f"{frame.rgb.shape} {frame.rgb.dtype}" for _, frame in frames]
    accepted = [f"{(*size, 3)} uint8" for size, _ in frames]
    values = small["front"].rgb
    contrast = float(values.std())
    return Measurement(
        holds=found == accepted and contrast > 5.0,
        found=f"{', '.join(found)}; contrast of the small one {contrast:.1f}",
        expected=f"{', '.join(accepted)}; contrast above 5",
        pictures=(ReportPicture("small front picture", values),),
    )


@check(
    "camera-axes",
    GROUP,
    "The front camera looks along +z of our camera frame, with +x to the right and +y down.",
    remedy="the conversion to USD's camera axes is wrong in this release; post this report with the pictures",
)
def camera_axes(bench: TestBench) -> Steps[Measurement]:
    """Compare the places of the cubes, found by colour, with their projections."""
    seen = yield from views(bench)
    return _axes(bench, seen, "front")


@check(
    "wrist-camera",
    GROUP,
    "The wrist camera moves with panda_hand and looks where its mount says.",
    remedy="the mount or the hand's frame differs; post this report with the pictures",
)
def wrist_camera(bench: TestBench) -> Steps[Measurement]:
    """Do the same with the camera at the hand."""
    seen = yield from views(bench)
    return _axes(bench, seen, "wrist")


def _axes(bench: TestBench, seen: Views, camera: str) -> Measurement:
    expected, found, missing = _places(bench, seen, camera)
    pictures = (ReportPicture(f"{camera}: lines where the cubes must be", _with_lines(seen, camera)),)
    if len(found) < 3:
        words = f"{len(found)} cubes found by colour; not found: {', '.join(missing)}"
        return Measurement(holds=False, found=words, expected="at least 3 cubes", pictures=pictures)
    middle = np.array([SIZE_HW[1], SIZE_HW[0]]) / 2
    name, left = best_flip(expected - middle, found - middle)
    off = float(np.linalg.norm(expected - found, axis=1).max())
    words = f"{len(found)} cubes, at most {off:.1f} px from their projections"
    if off > PIXELS:
        words += f"; the picture fits best {name} ({left:.1f} px left)"
    if missing:
        words += f"; not found: {', '.join(missing)}"
    return Measurement(
        holds=off <= PIXELS and not missing,
        found=words,
        expected=f"every cube within {PIXELS:g} px",
        values={"off_px": off, "fits": name},
        pictures=pictures,
    )


@check(
    "camera-intrinsics",
    GROUP,
    "Focal length and principal point are those of our K matrix, with square pixels.",
    remedy="aperture and focal length are read differently in this release; post this report",
)
def camera_intrinsics(bench: TestBench) -> Steps[Measurement]:
    """Fit scale and offset between projected and found cubes."""
    seen = yield from views(bench)
    expected, found, missing = _places(bench, seen, "front")
    if len(found) < 3:
        raise BackendError(f"only {len(found)} cubes were found by colour; not found: {', '.join(missing)}")
    middle = np.array([SIZE_HW[1], SIZE_HW[0]]) / 2
    scale, offset = fitted_scale(expected - middle, found - middle)
    return Measurement(
        holds=abs(scale - 1) <= SCALE and float(np.abs(offset).max()) <= PIXELS,
        found=f"scale {scale:.4f}, offset {offset[0]:+.1f}, {offset[1]:+.1f} px",
        expected=f"scale within {SCALE} of 1, offset at most {PIXELS:g} px",
        values={"scale": scale, "offset_x_px": float(offset[0]), "offset_y_px": float(offset[1])},
    )


@check(
    "brightness",
    GROUP,
    "Pictures are about as bright as those that policies were trained with.",
    remedy="other lights on the stage, exposure or tone mapping: remove other lights, keep the default render settings",
)
def brightness_check(bench: TestBench) -> Steps[Measurement]:
    """Compare the luma of the table and of the cubes with the reference pictures."""
    seen = yield from views(bench)
    shares = {}
    for name in ("table", *_usable(bench, "front")):
        pixels = _pixels(seen, "front", name)
        shares[name] = brightness(pixels) / max(bench.reference.patches["front"][name].brightness, 1.0)
    middle = float(np.median(list(shares.values())))
    return Measurement(
        holds=LIGHT[0] <= middle <= LIGHT[1],
        found=f"{middle:.2f} times the reference (" + ", ".join(f"{n} {s:.2f}" for n, s in shares.items()) + ")",
        expected=f"{LIGHT[0]:g} to {LIGHT[1]:g} times, by the median",
        values={"share": middle},
        pictures=(ReportPicture("front", seen.frames["front"].rgb), ReportPicture("wrist", seen.frames["wrist"].rgb)),
    )


@check(
    "colours",
    GROUP,
    "Red is red: channels are in the order R, G, B, and colours keep their names.",
    remedy="channel order or colour space differ; post this report with the pictures",
)
def colours(bench: TestBench) -> Steps[Measurement]:
    """Compare the hue of every cube with its hue in the reference picture."""
    seen = yield from views(bench)
    offs = {}
    for name in _usable(bench, "front"):
        hue = mean_hue(_pixels(seen, "front", name))
        offs[name] = float(hue_distance(hue, bench.reference.patches["front"][name].hue))
    most = max(offs.values())
    return Measurement(
        holds=most <= HUE,
        found=", ".join(f"{name} {off:.0f} degrees" for name, off in offs.items()),
        expected=f"at most {HUE:g} degrees from the hue in the reference picture",
        values={"off_deg": most},
    )


@check(
    "depth",
    GROUP,
    "Depth is the distance along the optical axis in metres.",
    remedy="depth along the ray, or in another unit: do not use depth in this release; post this report",
)
def depth(bench: TestBench) -> Steps[Measurement]:
    """Compare depth on the table and on the cubes with the rays' geometry."""
    seen = yield from views(bench)
    rows, offs = [], []
    for camera in CAMERAS:
        mask = _inner(seen.expected[camera].labels) & ~_robot(seen.frames[camera])
        values, expected = seen.frames[camera].depth, seen.expected[camera].depth
        if values is None:
            raise BackendError(f"camera {camera!r} gave no depth")
        off = np.abs(values[mask] / expected[mask] - 1)
        offs.append(float(np.quantile(np.where(np.isfinite(off), off, np.inf), 0.9)))
        rows.append(
            f"{camera}: {100 * np.median(off):.2f} % off by the median, {100 * offs[-1]:.2f} % by the 90th percentile"
        )
    return Measurement(
        holds=max(offs) <= DEPTH,
        found="; ".join(rows),
        expected=f"at most {100 * DEPTH:g} % for nine of ten pixels",
        values={"off_share": max(offs)},
    )


@check(
    "segmentation",
    GROUP,
    "Every pixel's label names the object, the table or the robot that is there.",
    remedy="labels are merged or missing in this release: segmentation cannot be used; post this report",
)
def segmentation(bench: TestBench) -> Steps[Measurement]:
    """Compare labels with the rays' geometry."""
    seen = yield from views(bench)
    shares: dict[str, float] = {}
    frame, labels = seen.frames["front"], seen.expected["front"].labels
    if frame.segmentation is None:
        raise BackendError("camera 'front' gave no labels")
    for name in ("table", *_usable(bench, "front")):
        mask = labels == _code(seen, name)
        if name == "table":  # parts of the arm stand in front of it
            mask &= frame.segmentation != ROBOT
        shares[name] = float((frame.segmentation[mask] == _code(seen, name)).mean()) if mask.any() else 0.0
    robot = float((frame.segmentation == ROBOT).mean())
    return Measurement(
        holds=min(shares.values()) >= AGREE and robot >= ROBOT_SHARE,
        found=", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items()) + f"; robot {100 * robot:.1f} %",
        expected=f"{100 * AGREE:g} % of each outline, and the robot on at least {100 * ROBOT_SHARE:g} % of the picture",
        values={"least_share": min(shares.values()), "robot_share": robot},
        pictures=(ReportPicture("labels", _painted(frame.segmentation)),),
    )


ROBOT = -2  # as in `core.types.Frame.segmentation`


def _usable(bench: TestBench, camera: str) -> list[str]:
    """Return the objects that a camera sees whole, by the reference."""
    patches = bench.reference.patches[camera]
    return [name for name, patch in patches.items() if name != "table" and patch.visible >= VISIBLE]


def _places(bench: TestBench, seen: Views, camera: str) -> tuple[Array, Array, list[str]]:
    """Return the expected and the found centre of each cube that was found (N, 2) [px], and the names of the others."""
    expected, found, missing = [], [], []
    labels, rgb = seen.expected[camera].labels, seen.frames[camera].rgb
    for name in _usable(bench, camera):
        outline = labels == _code(seen, name)
        reach = 0.8 * float(np.sqrt(outline.sum()))
        mask = find_by_hue(rgb, bench.reference.patches[camera][name].hue, reach) if outline.any() else None
        if mask is None or mask.sum() < 0.3 * outline.sum():
            missing.append(name)
        else:
            expected.append(centre_of(outline))
            found.append(centre_of(mask))
    return np.array(expected).reshape(-1, 2), np.array(found).reshape(-1, 2), missing


def _code(seen: Views, name: str) -> int:
    return TABLE if name == "table" else seen.state.index(name)


def _pixels(seen: Views, camera: str, name: str) -> AnyArray:
    """Return the pixels inside the outline of an object, or on the table away from everything, shape (N, 3)."""
    labels = seen.expected[camera].labels
    pixels: AnyArray = seen.frames[camera].rgb[(labels == _code(seen, name)) & _inner(labels) & ~_robot(seen.frames[camera])]
    if len(pixels) == 0:
        raise BackendError(f"the outline of {name} holds no pixel that is free of the robot")
    return pixels


def _inner(labels: AnyArray) -> AnyArray:
    """Return the pixels on an object or the table whose neighbours within 2 px show the same."""
    inner = labels != -1
    for axis in (0, 1):
        for step in (-2, 2):
            inner &= np.roll(labels, step, axis=axis) == labels
    return inner


def _robot(frame: Frame) -> AnyArray:
    """Return the pixels that are labelled as robot."""
    if frame.segmentation is None:
        return np.zeros(frame.rgb.shape[:2], dtype=bool)
    return frame.segmentation == ROBOT


def _with_lines(seen: Views, camera: str) -> AnyArray:
    return outlined(seen.frames[camera].rgb, seen.expected[camera].labels)


def _painted(labels: AnyArray) -> AnyArray:
    """Return a picture with one colour per label."""
    palette = np.array([[30, 30, 30], [200, 200, 210], [120, 100, 80]], dtype=np.uint8)
    rng = np.random.default_rng(3)
    colours_of = rng.integers(60, 255, (64, 3)).astype(np.uint8)
    special = {-1: palette[0], ROBOT: palette[1], TABLE: palette[2]}
    painted = colours_of[np.clip(labels, 0, 63)]
    for code, colour in special.items():
        painted[labels == code] = colour
    return painted
