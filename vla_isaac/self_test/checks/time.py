"""Checks of every clock, warm-up, physics steps per control period, simulation time, and of the timeline."""

from __future__ import annotations

import itertools

from vla_isaac.core.errors import BackendError
from vla_isaac.self_test.bench import Sample, TestBench
from vla_isaac.self_test.check import Measurement, check, worst
from vla_isaac.self_test.scene import lying_layout, test_scene
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.clock import Clock
from vla_isaac.sim.inspection import InspectionError

GROUP = "time"
RATES = (5.0, 12.5, 15.0, 20.0, 60.0)  # [Hz] of policies; slow ones are those an engine may shorten an update for
PERIODS = 3
EVENT_UPDATES = 2  # app updates in which `extension.session_manager.OWN_EVENTS` takes events for our own


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


@check(
    "timeline-events",
    GROUP,
    "Playing and pausing are told by an event within two app updates, and a dropped subscription hears nothing.",
    remedy="the panel mistakes its own pauses for yours, or yours for its own: post this report",
)
def timeline_events(bench: TestBench) -> Steps[Measurement]:
    """Play and pause by hand, with a subscription and without."""
    yield from bench.scene()
    found = yield from bench.inspector.timeline_events()
    updates = [found["play"], found["pause"]]
    words = [
        f"{word}: {'no event' if number < 0 else f'after {number} updates'}"
        for word, number in found.items()
        if word in ("play", "pause")
    ]
    return Measurement(
        holds=all(0 <= number <= EVENT_UPDATES for number in updates) and found["dropped"] == 0,
        found=f"{'; '.join(words)}; {found['dropped']} events after the subscription was dropped",
        expected=f"within {EVENT_UPDATES} updates, and none after it was dropped",
        values=dict(found),
    )


@check(
    "stop-by-hand",
    GROUP,
    "After Stop was pressed the state cannot be read, which is said, and a reset repairs it.",
    remedy="do not press Stop while a policy runs; press Load after it; post this report",
)
def stop_by_hand(bench: TestBench) -> Steps[Measurement]:
    """Stop behind the backend's back, read the state, and reset."""
    yield from bench.scene()
    assert bench.layout is not None
    is_said = yield from bench.inspector.stop_by_hand()
    try:
        said, is_refused = f"a state at {bench.backend.state().time:.3f} s", False
    except BackendError as error:
        said, is_refused = str(error), True
    yield from bench.stage(bench.layout)
    time = bench.backend.state().time
    return Measurement(
        holds=is_said and is_refused and abs(time) < 1e-9,
        found=f"the timeline says {'stopped' if is_said else 'not stopped'}; {said}; after a reset a state at {time:.3f} s",
        expected="stopped, an error instead of a state, and a state at 0 s after a reset",
    )
