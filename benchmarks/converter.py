"""How long one action takes to convert, beside the bare forward kinematics and Jacobian it needs.

Run: python benchmarks/converter.py [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from vla_isaac.control import ActionConverter, ControlConfig, action_preset
from vla_isaac.core.types import Action
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import ee_and_jacobian

HOME = np.array(panda.QPOS_HOME)
SIX_ITERATIONS = ControlConfig(iterations=6, position_tolerance=0.0, rotation_tolerance=0.0)


def main() -> None:
    """Print microseconds per action: warm-started, with six iterations, and bare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--actions", type=int, default=1000, help="actions per round")
    parser.add_argument("--rounds", type=int, default=7, help="rounds; the median is reported")
    options = parser.parse_args()
    rounds = [one_round(options.actions) for _ in range(options.rounds)]
    figures = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    figures["warm_ratio"] = figures["warm_us"] / figures["bare_us"]
    figures["six_iterations_ratio"] = figures["six_iterations_us"] / figures["bare_us"]
    report(figures, as_json=options.json)


def one_round(count: int) -> dict[str, float]:
    """Measure all three in turn, so that a busy machine is busy for each."""
    return {
        "bare_us": microseconds(lambda: [ee_and_jacobian(HOME) for _ in range(count)], count),
        "warm_us": microseconds(episode(ControlConfig(), count), count),
        "six_iterations_us": microseconds(episode(SIX_ITERATIONS, count), count),
        "joint_us": microseconds(episode(ControlConfig(), count, preset="joint_position"), count),
    }


def episode(config: ControlConfig, count: int, *, preset: str = "vla_isaac") -> Callable[[], None]:
    """Return a run of `count` actions of about a centimetre and a degree, on an arm that follows exactly."""
    spec = action_preset(preset)
    rng = np.random.default_rng(0)
    size = np.array([0.006] * 3 + [0.01] * 3) if spec.joints == "none" else np.full(7, 0.01)
    rows = rng.normal(size=(count, spec.arm_width)) * size + (0.0 if spec.joints == "none" else HOME)
    actions = [Action(row, 0.04) for row in rows]
    converter = ActionConverter(spec, config)
    converter.reset(HOME, 0.04)

    def run() -> None:
        qpos = HOME
        for action in actions:
            qpos = converter.convert(action, qpos=qpos, gripper_width=0.04).qpos

    return run


def microseconds(run: Callable[[], object], count: int) -> float:
    """Return the time of one of `count` equal parts of `run` [us]."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) / count * 1e6


def report(figures: dict[str, float], *, as_json: bool) -> None:
    """Print a table, to standard error where standard output carries JSON."""
    out = sys.stderr if as_json else sys.stdout
    print(f"forward kinematics and Jacobian  {figures['bare_us']:7.1f} us", file=out)
    print(f"Cartesian action, warm-started   {figures['warm_us']:7.1f} us  {figures['warm_ratio']:5.1f} x", file=out)
    print(
        f"Cartesian action, six iterations {figures['six_iterations_us']:7.1f} us  {figures['six_iterations_ratio']:5.1f} x",
        file=out,
    )
    print(f"joint action                     {figures['joint_us']:7.1f} us", file=out)
    if as_json:
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
