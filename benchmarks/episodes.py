"""300 scripted episodes, state only, on two processes: `python benchmarks/episodes.py [--episodes N] [--json]`.

Prints the seconds of wall time and the ratio to one process that runs the same episodes one after another
(on a sample of a tenth of them).
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor

from vla_isaac.backends import BACKENDS
from vla_isaac.policies import POLICIES
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.tasks.families import task_family

FIRST_SEED = 500_000


def run_seeds(seeds: list[int]) -> int:
    """Run one `place_on` episode per seed and return how many succeeded."""
    family = task_family("place_on")
    scene, randomisation = scene_preset(family.preset.scene), randomisation_preset("layout")
    with Session(BACKENDS.load("mujoco")(), POLICIES.load("scripted")(), policy_name="scripted") as session:
        requests = [EpisodeRequest(scene=scene, randomisation=randomisation, seed=s, family=family) for s in seeds]
        return sum(bool(session.run(request).success) for request in requests)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seeds = list(range(FIRST_SEED, FIRST_SEED + options.episodes))

    begin = time.perf_counter()
    with ProcessPoolExecutor(options.workers) as pool:
        successes = sum(pool.map(run_seeds, [seeds[k :: options.workers] for k in range(options.workers)]))
    seconds = time.perf_counter() - begin

    sample = seeds[: max(1, len(seeds) // 10)]
    begin = time.perf_counter()
    run_seeds(sample)
    alone = (time.perf_counter() - begin) / len(sample) * len(seeds)

    print(f"{successes} of {len(seeds)} episodes succeeded in {seconds:.1f} s on {options.workers} processes")
    print(f"{alone / seconds:.2f} x one process ({alone:.1f} s, from {len(sample)} episodes)")
    if options.json:
        print(json.dumps({"episodes": len(seeds), "seconds": seconds, "speedup": alone / seconds}))


if __name__ == "__main__":
    main()
