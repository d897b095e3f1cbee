"""Physics steps per second of processor time of PhysX next to MuJoCo: `python benchmarks/physics.py [--json]`.

Both repeat the expert's episodes of `place_on` in the `clutter` scene, in turn, without pictures. A reset is one of a scene
that is loaded, settling included.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial

from vla_isaac.api import make_backend, make_policy
from vla_isaac.core.optional import is_installed
from vla_isaac.evaluation.physics_bench import measure_physics

BASE = "mujoco"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=3, help="whole episodes per repeat")
    parser.add_argument("--repeats", type=int, default=5, help="repeats; the median is printed")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    names = [BASE, *(["physx"] if is_installed("sapien") else [])]
    found = measure_physics(
        {name: partial(make_backend, name) for name in names},
        lambda: make_policy("scripted"),
        episodes=options.episodes,
        repeats=options.repeats,
    )
    base = found[BASE].physics_steps_per_second
    for name, figures in found.items():
        share = figures.physics_steps_per_second / base
        words = f"{figures.physics_steps_per_second:8.0f} physics steps/s ({share:.2f} x {BASE})"
        print(f"{name:8} {words}, reset {1000 * figures.reset_seconds:.1f} ms")
    if len(names) == 1:
        print('physx    not installed; run: pip install -e ".[physx]"')
    if options.json:
        print(json.dumps({name: asdict(figures) for name, figures in found.items()}))


if __name__ == "__main__":
    main()
