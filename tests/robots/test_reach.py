"""`panda.TOP_DOWN_REACH`, held by inverse kinematics."""

import numpy as np

from vla_isaac.control import ControlConfig, solve_from_many
from vla_isaac.robots import panda

HEIGHTS = np.linspace(0.01, 0.30, 6)  # [m]
TURNS = np.linspace(-np.pi, np.pi, 13)  # [rad] around the base


def poses_pointing_down(distance: float) -> np.ndarray:
    """Return poses of the ee at a distance from the base, at all heights and turns, shape (N, 4, 4)."""
    poses = []
    for turn in TURNS[3:-3]:
        for z in HEIGHTS:
            pose = np.eye(4)
            pose[:3, :3] = np.diag([1.0, -1.0, -1.0])
            pose[:3, 3] = distance * np.cos(turn), distance * np.sin(turn), z
            poses.append(pose)
    return np.stack(poses)


def test_the_ee_points_straight_down_everywhere_within_the_reach():
    near, far = panda.TOP_DOWN_REACH
    for distance in np.linspace(near, far, 8):
        found = solve_from_many(poses_pointing_down(distance), ControlConfig())
        assert found.converged.all(), f"{(~found.converged).sum()} poses at {distance:.2f} m are out of reach"


def test_the_reach_is_not_understated():
    assert not solve_from_many(poses_pointing_down(panda.TOP_DOWN_REACH[1] + 0.15), ControlConfig()).converged.all()
