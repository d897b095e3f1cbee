"""How fast demonstrations are collected: `python benchmarks/collection.py [--episodes N] [--workers N] [--json]`.

First one process: the time of collecting without encoding, against a bare loop that simulates and renders the same
episodes (two cameras of 128 x 128) from their joint targets; encoding is counted apart. Then a whole collection of
successful pick-and-place (`place_on`) episodes in LeRobot's format on several processes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_isaac.collection.collect import collect
from vla_isaac.collection.collector import Collector
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.worker import stage
from vla_isaac.core.config import from_mapping
from vla_isaac.core.types import JointTarget
from vla_isaac.datasets.episode import Episode
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import Backend, RenderRequest
from vla_isaac.sim.drive import drive

SEED = 600_000
SAMPLE = 10  # episodes for the ratio
ROUNDS = 3


@dataclass(frozen=True)
class OneProcess:
    """What was measured in one process."""

    ratio: float
    """Bare time over collecting time without encoding; 1 would cost nothing."""

    steps_per_second: float
    encoding_share: float
    """Encoding time over the rest."""


def measure_one_process() -> OneProcess:
    """Collect and bare loop in turn, so that a drifting machine hits both alike; the first round warms up."""
    plan = CollectionPlan(tasks=("place_on",), episodes=SAMPLE, seed=SEED)
    collector = Collector(plan)
    ratios, seconds, shares, steps = [], [], [], 0
    for k in range(ROUNDS + 1):
        collecting = encoding = bare = 0.0
        steps = 0
        for seed in range(SEED, SEED + SAMPLE):
            forget_scene(collector.backend)
            with tempfile.TemporaryDirectory() as folder:
                outcome = stage(collector, DemonstrationJob("place_on", seed), Path(folder), encode=True)
            if outcome.episode is None:
                continue
            collecting += outcome.seconds - outcome.encoding_seconds
            encoding += outcome.encoding_seconds
            bare += time_bare(collector.backend, outcome.episode, plan)
            steps += len(outcome.episode)
        if k:
            ratios.append(bare / collecting)
            seconds.append(collecting)
            shares.append(encoding / collecting)
    collector.close()
    return OneProcess(statistics.median(ratios), steps / statistics.median(seconds), statistics.median(shares))


def time_bare(backend: Backend, episode: Episode, plan: CollectionPlan) -> float:
    """Simulate and render an episode from its targets and return the time it took, scene and layout included."""
    scene = from_mapping(SceneSpec, episode.meta.extra["scene_spec"])
    layout = from_mapping(SceneLayout, episode.meta.extra["layout"])
    targets = np.asarray(episode.columns["action.target"], dtype=np.float64)
    requests = [RenderRequest(camera=name, resolution_hw=plan.image_hw) for name in plan.cameras]
    forget_scene(backend)
    begin = time.perf_counter()
    drive(backend.load(scene))
    drive(backend.reset(layout))
    for target in targets:
        drive(backend.render(requests))
        backend.apply(JointTarget(target[:7], float(target[7])))
        backend.step()
    return time.perf_counter() - begin


def forget_scene(backend: Backend) -> None:
    """Load another scene, so that the next one is compiled anew in both loops."""
    drive(backend.load(SceneSpec(name="empty")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    alone = measure_one_process()
    print(f"one process: {alone.steps_per_second:.0f} steps/s without encoding, {alone.ratio:.3f} x the bare loop's speed")
    print(f"encoding two videos takes {100 * alone.encoding_share:.0f} % on top")

    folder = Path(tempfile.mkdtemp())
    try:
        plan = CollectionPlan(tasks=("place_on",), episodes=options.episodes, seed=SEED)
        report = collect(folder / "demos", plan, num_workers=options.workers)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{report.episodes} successful place_on episodes, two cameras, {report.frames} steps, {size / 2**20:.0f} MiB,")
    print(f"in {report.seconds:.0f} s on {report.workers} processes; {report.attempts} attempts, failures {report.failures}")
    if options.json:
        found = {"ratio": alone.ratio, "encoding_share": alone.encoding_share, "seconds": report.seconds}
        print(json.dumps({**found, "episodes": report.episodes, "frames": report.frames, "attempts": report.attempts}))


if __name__ == "__main__":
    main()
