"""How long one decision of a checkpoint takes, preparing pictures and words included: median and 95th percentile [ms].

python benchmarks/decision_time.py [CHECKPOINT] [--threads 2]

Pictures come in the size that the policy asks for, as the camera rig gives them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from vla_isaac.core.poses import Pose
from vla_isaac.core.types import EpisodeContext, Frame, Observation
from vla_isaac.policies.learned import LearnedPolicy, ShippedPolicy

DECISIONS = 300


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("checkpoint", type=Path, nargs="?", help="the one that is shipped without")
    words.add_argument("--threads", type=int, default=2)
    given = words.parse_args()
    policy = ShippedPolicy(given.checkpoint, threads=given.threads, declines=False)
    policy.reset(EpisodeContext(instruction="Pick up the red cube and place it on the blue box", seed=0))
    random = np.random.default_rng(0)
    times = []
    for _ in range(DECISIONS + 20):
        seen = observation(policy, random)
        begin = time.perf_counter()
        policy.act(seen)
        times.append(1000 * (time.perf_counter() - begin))
    p50, p95 = np.percentile(times[20:], (50, 95))
    print(f"one decision takes {p50:.2f} ms (95 %: {p95:.2f} ms) on {given.threads} threads")
    print(json.dumps({"p50_ms": p50, "p95_ms": p95, "threads": given.threads}))


def observation(policy: LearnedPolicy, random: np.random.Generator) -> Observation:
    size = (*policy.spec.image_hw, 3)
    frames = {n: Frame(camera=n, time=0.0, rgb=random.integers(0, 256, size, dtype=np.uint8)) for n in policy.spec.cameras}
    pose = Pose(np.array([0.5, 0.0, 0.3]), np.array([0.0, 1.0, 0.0, 0.0]))
    return Observation(
        time=0.0,
        instruction="",
        frames=frames,
        qpos=random.normal(size=7),
        qvel=np.zeros(7),
        gripper_width=0.08,
        pose_base_ee=pose,
    )


if __name__ == "__main__":
    main()
