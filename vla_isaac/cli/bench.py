"""``vla-isaac bench``: the overhead of the loop compared with engine, rendering and policy alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from tyro.conf import Positional

from vla_isaac.api import make_backend, make_policy
from vla_isaac.cli.options import check_counts_and_seed
from vla_isaac.cli.output import OK, emit, say
from vla_isaac.evaluation.loop_bench import measure_loop


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure the loop against a bare loop of engine, rendering and policy.

    For example: vla-isaac bench loop
    """

    what: Positional[Literal["loop"]] = "loop"
    """What to measure."""

    episodes: int = 6
    """Whole episodes per measurement."""

    repeats: int = 3
    """Measurements of each kind; the median is reported."""

    backend: str = "mujoco"
    """Where."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Measure and print."""
        check_counts_and_seed(self, "episodes", "repeats")
        found = measure_loop(
            lambda: make_backend(self.backend),
            lambda: make_policy("scripted"),
            episodes=self.episodes,
            repeats=self.repeats,
        )
        say(f"workload: clutter, place_on, scripted policy, {self.episodes} whole episodes, loading excluded")
        say(f"with two 224 x 224 cameras: {found.camera_steps_per_second:.0f} steps/s, {found.overhead_ratio:.3f} x bare")
        say(f"state only: {found.state_steps_per_second:.0f} steps/s, {found.state_overhead_ratio:.3f} x bare")
        if self.json:
            emit(asdict(found))
        return OK
