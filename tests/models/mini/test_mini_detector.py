"""CameraEncoders: cells look where the cameras of the scene do, and the best of several answers is taken."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_isaac.core import rotations
from vla_isaac.core.poses import Pose
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import pose_base_ee
from vla_isaac.scene.cameras import FRONT, WRIST
from vla_isaac.scene.objects import SHAPES

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.models.goal_query import COLOUR_NAMES, NUM_COLOURS  # noqa: E402
from vla_isaac.models.kinematics import HandPose  # noqa: E402
from vla_isaac.models.mini.configuration import standard_views  # noqa: E402
from vla_isaac.models.mini.detector import (  # noqa: E402
    NUM_DETECTIONS,
    SHAPES_OF_KIND,
    Cells,
    Detections,
    DetectorShape,
    best_detections,
    detection_index,
    fuse,
    measured_offset,
)
from vla_isaac.models.mini.geometry import hand_pose, make_detector, seen_in  # noqa: E402

SIZE = 128
FINE = DetectorShape((24, 112), SIZE, True)
COARSE = DetectorShape((0, 104), SIZE, False)
HEIGHT = 0.02  # [m] of the middle of a cube on the table
NUMBERS = 5  # of a place: two of its ray, a height, a distance, whether it is held


def posture(seed: int) -> np.ndarray:
    return panda.QPOS_HOME + np.random.default_rng(seed).uniform(-0.12, 0.12, size=7)


def camera_on_hand(qpos: np.ndarray) -> Pose:
    """Return the wrist camera in the base frame, by the code of robots and scene."""
    ee_hand = Pose(np.array([0.0, 0.0, -panda.HAND_TO_EE]), np.array([1.0, 0.0, 0.0, 0.0]))
    return pose_base_ee(qpos) @ ee_hand @ WRIST.pose_mount_camera


def middles(shape: DetectorShape) -> np.ndarray:
    """Return the pixel in the middle of each cell, row by row, (N, 2) as x and y."""
    height, width = shape.grid
    rows, columns = np.meshgrid(range(height), range(width), indexing="ij")
    return np.stack([(columns + 0.5) * shape.cell, (rows + 0.5) * shape.cell + shape.crop[0]], axis=-1).reshape(-1, 2)


def at_depth(camera, pose: Pose, pixels: np.ndarray, depth: float) -> np.ndarray:
    inside = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(camera.intrinsics((SIZE, SIZE))).T
    return pose.apply(inside * depth)


def at_height(camera, pose: Pose, pixels: np.ndarray, height: float) -> np.ndarray:
    """Return where the rays through some pixels have a height; NaN where they never come near."""
    way = at_depth(camera, pose, pixels, 1.0) - pose.pos
    length = np.where(way[:, 2] < -0.25, (height - pose.pos[2]) / np.minimum(way[:, 2], -0.25), np.nan)
    return np.where((length < 1.2)[:, None], pose.pos + way * length[:, None], np.nan)


def seen_from_hand(eye, qpos: np.ndarray, place: torch.Tensor) -> np.ndarray:
    pose = hand_pose(HandPose()(torch.tensor(qpos[None], dtype=torch.float32)))
    return eye.placed(place, pose)[0, 0].numpy()


def on_table(count: int) -> torch.Tensor:
    place = torch.zeros(1, 1, count, NUMBERS)
    place[..., 4] = -30.0
    return place


@pytest.mark.parametrize("seed", range(4))
def test_cells_of_the_wrist_camera_end_on_the_table_where_the_scenes_camera_looks(seed):
    qpos = posture(seed)
    wanted = at_height(WRIST, camera_on_hand(qpos), middles(COARSE), HEIGHT)
    got = seen_from_hand(make_detector(COARSE, standard_views()["wrist"]), qpos, on_table(len(wanted)))
    known = np.isfinite(wanted[:, 0])
    assert known.sum() > 100
    assert np.abs(got - wanted)[known].max() < 1e-4


def test_what_is_said_beside_a_cells_ray_and_above_the_table_is_a_pixel_and_a_height():
    qpos, pixels = posture(5), middles(COARSE)
    place = on_table(len(pixels))
    place[..., 0], place[..., 1], place[..., 2] = 0.4, -0.3, 0.35  # cells to the right, cells down, tenths of a metre
    moved = pixels + COARSE.cell * np.array([0.4, -0.3])
    wanted = at_height(WRIST, camera_on_hand(qpos), moved, HEIGHT + 0.035)
    got = seen_from_hand(make_detector(COARSE, standard_views()["wrist"]), qpos, place)
    known = np.isfinite(wanted[:, 0])
    assert known.sum() > 100
    assert np.abs(got - wanted)[known].max() < 2e-4


def test_what_is_in_the_hand_is_as_deep_in_the_picture_as_is_said():
    qpos, pixels = posture(6), middles(COARSE)
    place = on_table(len(pixels))
    place[..., 3], place[..., 4] = 0.2, 30.0
    wanted = at_depth(WRIST, camera_on_hand(qpos), pixels, 0.14)
    got = seen_from_hand(make_detector(COARSE, standard_views()["wrist"]), qpos, place)
    assert np.abs(got - wanted).max() < 1e-5


def test_cells_of_the_front_camera_lie_where_it_looks_when_it_stands_as_it_should():
    wanted = at_height(FRONT, FRONT.pose_mount_camera, middles(FINE), HEIGHT)
    eye = make_detector(FINE, standard_views()["front"])
    got = eye.placed(torch.zeros(1, 1, len(wanted), NUMBERS), (torch.zeros(1, 3), torch.eye(3)[None]))[0, 0].numpy()
    known = np.isfinite(wanted[:, 0]) & (wanted[:, 0] > 0.25) & (wanted[:, 0] < 0.85)
    assert known.sum() > 300
    assert np.abs(got - wanted)[known].max() < 1e-5


@pytest.mark.parametrize(("shape", "camera"), [(FINE, FRONT), (COARSE, WRIST)])
def test_points_are_seen_at_the_pixel_that_the_cameras_matrix_gives(shape, camera):
    inside = np.random.default_rng(0).uniform((-0.3, -0.3, 0.1), (0.3, 0.3, 1.2), size=(200, 3))
    pixels = inside @ camera.intrinsics((SIZE, SIZE)).T
    x, y = pixels[:, 0] / pixels[:, 2], pixels[:, 1] / pixels[:, 2]
    column, row, is_seen = seen_in(shape, camera.fov_y, torch.tensor(inside, dtype=torch.float32))
    assert np.abs(column.numpy() * shape.cell - x).max() < 1e-3
    assert np.abs(row.numpy() * shape.cell + shape.crop[0] - y).max() < 1e-3
    wanted = (x > 0) & (x < SIZE) & (y > shape.crop[0]) & (y < shape.crop[1])
    assert (is_seen.numpy() == wanted).all()


def test_what_is_behind_a_camera_is_not_seen():
    assert not seen_in(COARSE, WRIST.fov_y, torch.tensor([[0.0, 0.0, -0.3]]))[2].any()


def test_turns_seen_from_the_hand_are_turned_with_it():
    heading, own = 0.7, 0.2  # [rad] of the hand's x axis, and of the thing from there, both about the vertical
    down = rotations.axis_angle_to_matrix(np.array([math.pi, 0.0, 0.0]))
    rotation = rotations.axis_angle_to_matrix(np.array([0.0, 0.0, heading])) @ down
    eye = make_detector(COARSE, standard_views()["wrist"])
    turn = torch.tensor([math.cos(4 * own), math.sin(4 * own)]).expand(1, 2, 3, 2)
    got = eye.turned(turn, (torch.zeros(1, 3), torch.tensor(rotation[None], dtype=torch.float32)))
    wanted = [math.cos(4 * (heading + own)), math.sin(4 * (heading + own))]
    assert got[0, 1, 2].tolist() == pytest.approx(wanted, abs=1e-5)


def test_turns_seen_from_the_front_are_those_of_the_base():
    turn = torch.rand(1, 2, 3, 2)
    eye = make_detector(FINE, standard_views()["front"])
    assert eye.turned(turn, (torch.zeros(1, 3), torch.eye(3)[None])).equal(turn)


# --- choosing -----------------------------------------------------------------------------------------------------------


def number(colour: str, shape: str) -> int:
    return int(detection_index(torch.tensor(COLOUR_NAMES.index(colour)), torch.tensor(SHAPES.index(shape))))


def empty_cells(count: int = 12) -> Cells:
    """Return cells in which nothing is, each with a place of its own."""
    place = torch.arange(count, dtype=torch.float32)[:, None].expand(1, 2, count, 3) / 100
    return Cells(
        torch.full((1, 2, count), -8.0),
        torch.zeros(1, 2, count, NUM_COLOURS),
        torch.zeros(1, 2, count, SHAPES_OF_KIND),
        place.clone(),
        torch.zeros(1, 2, count),
        torch.zeros(1, 2, count, 2),
        torch.ones(1, 2, count, 2),
    )


def put(cells: Cells, at: int, kind: int, colour: str, shape_in_kind: int, centre: float = 6.0) -> None:
    cells.centre[0, kind, at] = centre
    cells.colour[0, kind, at, COLOUR_NAMES.index(colour)] = 12.0
    cells.shape[0, kind, at, shape_in_kind] = 12.0


def test_each_thing_is_found_in_the_cell_of_its_colour_and_shape():
    cells = empty_cells()
    put(cells, 3, 0, "red", 0)  # small things are cube, cylinder, ball
    put(cells, 7, 0, "blue", 2)
    put(cells, 7, 1, "white", 1)  # furniture is box, bin, bowl
    seen = best_detections(cells)
    at = {name: number(*name) for name in (("red", "cube"), ("blue", "ball"), ("white", "bin"))}
    assert {name: round(100 * float(seen.place[0, i, 0])) for name, i in at.items()} == {
        ("red", "cube"): 3,
        ("blue", "ball"): 7,
        ("white", "bin"): 7,
    }
    assert min(float(seen.presence[0, i]) for i in at.values()) > 0.98


def test_a_colour_that_is_nowhere_is_not_present():
    cells = empty_cells()
    put(cells, 3, 0, "red", 0)
    assert float(best_detections(cells).presence[0, number("green", "cube")]) < 0.01
    assert float(best_detections(cells).presence[0, number("red", "ball")]) < 0.01


def test_of_two_alike_the_surer_is_taken():
    cells = empty_cells()
    put(cells, 3, 0, "red", 0, centre=1.0)
    put(cells, 9, 0, "red", 0, centre=5.0)
    assert float(best_detections(cells).place[0, number("red", "cube"), 0]) == pytest.approx(0.09)


def test_a_place_with_a_spread_of_two_centimetres_weighs_a_quarter_of_one_with_one():
    cells = empty_cells()
    put(cells, 3, 0, "red", 0)
    put(cells, 5, 0, "blue", 0)
    cells.spread[0, 0, 5] = math.log(2.0)
    seen = best_detections(cells)
    of_red, of_blue = (float(seen.weight[0, number(colour, "cube")]) for colour in ("red", "blue"))
    assert of_blue == pytest.approx(of_red / 4)


def test_a_pair_that_was_never_shown_is_as_sure_as_its_colour_and_its_shape_together():
    cells = empty_cells(1)
    cells.centre[...] = math.log(0.8 / 0.2)  # an object is there with a probability of 0.8
    of_pink, of_ball = 0.5, 0.7
    cells.colour[..., COLOUR_NAMES.index("pink")] = math.log(of_pink / (1 - of_pink) * (NUM_COLOURS - 1))
    cells.shape[..., 2] = math.log(of_ball / (1 - of_ball) * (SHAPES_OF_KIND - 1))
    presence = best_detections(cells).presence[0]
    assert float(presence[number("pink", "ball")]) == pytest.approx(0.8 * of_pink * of_ball, rel=1e-5)
    assert float(presence[number("pink", "cube")]) == pytest.approx(0.8 * of_pink * (1 - of_ball) / 2, rel=1e-5)


def test_no_two_pairs_of_colour_and_shape_have_the_same_number():
    numbers = {number(colour, shape) for colour in COLOUR_NAMES for shape in SHAPES}
    assert numbers == set(range(NUM_DETECTIONS))


# --- several cameras ----------------------------------------------------------------------------------------------------


def sights(presence: float, place: float, weight: float) -> Detections:
    one = torch.ones(1, NUM_DETECTIONS)
    return Detections(
        presence * one,
        place * torch.ones(1, NUM_DETECTIONS, 3),
        weight * one,
        torch.ones(1, NUM_DETECTIONS, 2),
        torch.ones(1, NUM_DETECTIONS, 2),
    )


def test_two_cameras_together_are_the_mean_of_both_by_their_weights():
    both = fuse([sights(1.0, 0.50, 9.0), sights(1.0, 0.60, 1.0)])
    assert both.place[0, 0].tolist() == pytest.approx([0.51, 0.51, 0.51], abs=1e-5)
    assert float(both.weight[0, 0]) == pytest.approx(10.0, rel=1e-5)


def test_a_camera_that_does_not_see_a_thing_does_not_say_where_it_is():
    both = fuse([sights(0.1, 0.20, 100.0), sights(0.9, 0.60, 0.5)])
    assert both.place[0, 0].tolist() == pytest.approx([0.6, 0.6, 0.6], abs=1e-4)


def test_a_thing_is_absent_only_if_both_cameras_miss_it():
    both = fuse([sights(0.5, 0.5, 1.0), sights(0.8, 0.5, 1.0)])
    assert float(both.presence[0, 0]) == pytest.approx(1 - 0.5 * 0.2)


def test_a_turn_that_both_cameras_are_sure_of_is_no_surer_than_one():
    plain = sights(1.0, 0.5, 1.0)
    turn = torch.tensor([0.6, -0.8]).expand_as(plain.turn)
    both = fuse([plain._replace(turn=turn), plain._replace(turn=turn)])
    assert both.turn[0, 0].tolist() == pytest.approx([0.6, -0.8], abs=1e-6)


def test_a_camera_that_is_a_centimetre_off_is_found_out_by_the_other():
    offset = torch.zeros(1, 3)
    for _ in range(5):
        offset = measured_offset(sights(0.9, 0.51, 4.0), sights(0.9, 0.50, 4.0), offset)
    assert offset[0, :2].tolist() == pytest.approx([0.01, 0.01], abs=2e-4)


def test_nothing_is_learned_of_a_camera_from_what_it_does_not_see():
    offset = measured_offset(sights(0.2, 0.51, 4.0), sights(0.9, 0.50, 4.0), torch.zeros(1, 3))
    assert offset.abs().max() == 0.0
