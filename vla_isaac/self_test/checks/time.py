"""Checks of loading and of every clock: warm-up, physics steps per control period, simulation time."""

from __future__ import annotations

import itertools

from vla_isaac.self_test.bench import Sample, TestBench
from vla_isaac.self_test.check import Measurement, check, worst
from vla_isaac.self_test.scene import lying_layout, test_scene
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.clock import Clock
from vla_isaac.sim.inspection import InspectionError

GROUP = "time"
RATES = (5.0, 12.5, 15.0, 20.0, 60.0)  # [Hz] of policies; slow ones are those an engine may shorten an update for
PERIODS = 3


@check(
    "load-and-reset",
    GROUP,
    "The scene is written, play starts, and every physics handle is valid after it.",
    remedy="read the error; most other checks need this one",
)
def load_and_reset(bench: TestBench) -> Steps[Measurement]:
    """Load, reset, read the state."""
    yield from bench.scene()
    sample = bench.sample()
    offset = abs(sample.state.time)
    return Measurement(
        holds=offset < 1e-9 and bool((sample.joints == sample.joints).all()),
        found=f"state of {len(sample.state.bodies)} objects at {sample.state.time:.4f} s",
        expected="a state at 0 s",
    )


@check(
    "warm-up-steps",
    GROUP,
    "Play makes two physics steps that count before the first of ours (none in 4.2).",
    remedy="post this report: time stamps of pictures are compared with a clock that includes them",
)
def warm_up_steps(bench: TestBench) -> Steps[Measurement]:
    """Compare Isaac's step counter with ours."""
    yield from bench.scene()
    if bench.inspector.mode == "kit":
        raise InspectionError("inside Kit, updates between play and our callback make steps too: ask a script")
    extra = bench.inspector.simulator_steps() - bench.inspector.own_steps()
    expected = bench.inspector.warm_up_steps()
    return Measurement(
        holds=extra == expected, found=f"{extra} steps", expected=f"{expected} steps", values={"steps": extra}
    )


@check(
    "steps-per-period",
    GROUP,
    "A control period is exactly n physics steps at every rate, also at 5 Hz.",
    remedy="check /persistent/simulation/minFrameRate: physics drops steps of an update that is longer than its period",
)
def steps_per_period(bench: TestBench) -> Steps[Measurement]:
    """Count steps over a few periods at each rate."""
    rows, wrong = [], 0
    for rate in RATES:
        counted, expected = yield from _counted(bench, rate)
        wrong += any(steps != expected for steps in counted)
        rows.append(f"{rate:g} Hz: {', '.join(map(str, counted))} (n = {expected})")
    return Measurement(holds=wrong == 0, found="; ".join(rows), expected="n steps in every period", values={"wrong": wrong})


def _counted(bench: TestBench, rate: float) -> Steps[tuple[list[int], int]]:
    """Return the simulator's steps in each period at a rate, and how many they should be."""
    spec = test_scene(control_hz=rate)
    yield from bench.stage(lying_layout(spec), spec)
    samples = yield from bench.hold(PERIODS)
    steps = [sample.steps for sample in samples]
    return [after - before for before, after in itertools.pairwise(steps)], Clock.from_timing(spec.timing).substeps


@check(
    "simulation-clock",
    GROUP,
    "Simulation time grows by one control period per period and stands still while pictures are drawn again.",
    remedy="post this report: pictures are matched to states by this clock",
)
def simulation_clock(bench: TestBench) -> Steps[Measurement]:
    """Read the clock before and after some periods and some redraws."""
    yield from bench.scene()
    clock = Clock.from_timing(bench.spec.timing)
    times: list[float] = []

    def note(sample: Sample) -> None:
        times.append(bench.inspector.simulator_time() - sample.steps * clock.physics_dt)

    note(bench.sample())
    samples = yield from bench.hold(10)
    note(samples[-1] if bench.inspector.mode == "script" else bench.sample())
    before = bench.inspector.simulator_time()
    yield from bench.redraw(3)
    moved = bench.inspector.simulator_time() - before
    drift = worst([times[1] - times[0]])  # type: ignore[arg-type]
    accepted = clock.physics_dt / 2
    return Measurement(
        holds=drift <= accepted and abs(moved) <= accepted,
        found=f"apart from our steps by {1000 * drift:.2f} ms after 10 periods; moved {1000 * moved:.2f} ms in 3 redraws",
        expected=f"at most {1000 * accepted:.2f} ms, half a physics step",
        values={"drift_s": drift, "moved_s": moved},
    )
