"""Write a policy of your own: one that finds something red in the picture and lifts it.

python examples/03_write_a_policy.py
python examples/03_write_a_policy.py --backend stub

It is not privileged: it gets the image and the arm's own measurements, never the scene's state.
"""

from __future__ import annotations

import argparse

import numpy as np

import vla_isaac
from vla_isaac import ActionChunk, ActionSpec, Observation, PolicySpec
from vla_isaac.backends import BACKENDS
from vla_isaac.core.types import EpisodeContext
from vla_isaac.scene.cameras import FRONT

OPEN, CLOSED = 0.08, 0.0  # [m] between the fingers
STEP = 0.02  # [m] longest move per control period
HOVER, GRASP, LIFT = 0.12, 0.02, 0.20  # [m] heights of the ee above the table


class LiftSomethingRed:
    """Three members make a policy: `spec`, `reset`, `act`."""

    spec = PolicySpec(
        action=ActionSpec(translation="delta_base_m", gripper="width_m", rate_hz=20.0),
        cameras=("front",),
        image_hw=(224, 224),
        needs_proprioception=True,
    )

    def reset(self, context: EpisodeContext) -> None:
        """Begin an episode."""
        self.spot = None
        self.width, self.grip_steps = OPEN, 0

    def act(self, observation: Observation) -> ActionChunk:
        """Decide on one small move of the end effector and a finger distance."""
        if self.spot is None:
            self.spot = where_is_red(observation.frames["front"].rgb)
        ee = observation.pose_base_ee.pos
        aside = np.linalg.norm(ee[:2] - self.spot)
        if self.width == OPEN and ee[2] < GRASP + 0.005 and aside < 0.01:
            self.width = CLOSED
        if self.width == OPEN:
            phase, height = ("descend", GRASP) if aside < 0.01 else ("reach", HOVER)
        else:
            self.grip_steps += 1  # a quarter of a second for the fingers to close
            phase, height = ("lift", LIFT) if self.grip_steps > 5 else ("grasp", GRASP)
        move = np.array([*self.spot, height]) - ee
        move *= min(1.0, STEP / max(np.linalg.norm(move), 1e-9))
        return ActionChunk.single(move, self.width, phase=phase)


def where_is_red(rgb: np.ndarray) -> np.ndarray:
    """Return where on the table (x, y) [m] the middle of the red pixels lies; base frame."""
    red, green, blue = np.moveaxis(rgb.astype(int), -1, 0)
    rows, columns = np.nonzero((red > 60) & (red > 2 * green) & (red > 2 * blue))
    if len(rows) == 0:
        raise RuntimeError("there is nothing red in the picture")
    pixel = np.array([columns.mean() + 0.5, rows.mean() + 0.5, 1.0])
    camera = FRONT.pose_mount_camera
    ray = camera.rotation @ np.linalg.inv(FRONT.intrinsics(rgb.shape[:2])) @ pixel
    return (camera.pos + ray * (0.02 - camera.pos[2]) / ray[2])[:2]  # cut with the plane of the cubes' centres


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="mujoco", choices=list(BACKENDS))
    options = parser.parse_args()

    scene = vla_isaac.FrankaSceneBuilder("three cubes").add_cube("red").add_cube("green").add_cube("blue").build()
    with vla_isaac.make_session(options.backend, LiftSomethingRed()) as session:
        for seed in range(5):
            result = session.run(vla_isaac.make_request("Lift the red cube", scene=scene, seed=seed))
            print(f"seed {seed}: {result.end.value} after {result.sim_seconds:.1f} s, {result.reason}")


if __name__ == "__main__":
    main()
