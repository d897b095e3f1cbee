"""Tell the arm what to do, and watch it think aloud.

python examples/01_follow_an_instruction.py
python examples/01_follow_an_instruction.py "Put the green cube on the red box" --backend stub
"""

from __future__ import annotations

import argparse

import vla_isaac
from vla_isaac.backends import BACKENDS
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step


class ThinkAloud:
    """A subscriber: it is told of every step and prints a line when something new begins."""

    def on_start(self, start: EpisodeStart) -> None:
        """Say which policy acts and what was understood."""
        self.phase = None
        print(f"policy: {start.policy}, {start.policy_reason}")
        print(f'"{start.instruction}" is understood as {start.plan}')

    def on_step(self, step: Step) -> None:
        """Say when another phase begins."""
        if step.chunk.info.get("phase") != self.phase:
            self.phase = step.chunk.info.get("phase")
            print(f"  {step.state.time:4.1f} s  {self.phase:8}  {step.verdict.reason}")

    def on_end(self, result: EpisodeResult) -> None:
        """Say how it ended."""
        print(f"  {result.sim_seconds:4.1f} s  {result.end.value}: {result.reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instruction", nargs="?", default="Pick up the red cube and place it on the blue box")
    parser.add_argument("--backend", default="mujoco", choices=list(BACKENDS))
    parser.add_argument("--seed", type=int, default=3, help="where things stand")
    options = parser.parse_args()

    with vla_isaac.make_session(options.backend) as session:
        session.run(vla_isaac.make_request(options.instruction, seed=options.seed), [ThinkAloud()])


if __name__ == "__main__":
    main()
