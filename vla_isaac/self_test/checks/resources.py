"""Checks of what loading leaves behind: memory, camera objects, settings, the rest of the stage. They run last."""

from __future__ import annotations

import gc

from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.check import Measurement, check
from vla_isaac.self_test.machine import resident_bytes
from vla_isaac.self_test.scene import lying_layout, test_scene
from vla_isaac.sim.backend import Steps
from vla_isaac.sim.inspection import InspectionError

GROUP = "resources"
LOADS = 5
COLOURS = ("orange", "pink")  # of the sixth cube, by turns, so that each load builds another scene
MOST_GROWTH = 40e6  # [bytes] per load: a day of 500 loads would then take 20 GB
MB = 1e6


@check(
    "memory",
    GROUP,
    "Loading a scene again and again takes no more memory, and old cameras are gone.",
    remedy="restart Isaac Sim after some hundred loads; post this report",
)
def memory(bench: TestBench) -> Steps[Measurement]:
    """Load five scenes, each with a picture."""
    used: list[int] = []
    for i in range(LOADS + 1):
        spec = test_scene(extra=COLOURS[i % 2])
        yield from bench.stage(lying_layout(spec), spec)
        yield from bench.look()
        gc.collect()
        used.append(resident_bytes())
    growth = (used[-1] - used[1]) / (len(used) - 2)  # the first load also loads libraries
    cameras, words = _cameras(bench)
    return Measurement(
        holds=growth <= MOST_GROWTH and cameras <= len(bench.spec.cameras),
        found=f"{growth / MB:+.1f} MB per load ({', '.join(f'{one / MB:.0f}' for one in used)} MB){words}",
        expected=f"at most {MOST_GROWTH / MB:g} MB per load, and only the scene's {len(bench.spec.cameras)} cameras",
        values={"bytes_per_load": growth, "cameras": cameras},
    )


def _cameras(bench: TestBench) -> tuple[int, str]:
    try:
        count = bench.inspector.num_cameras()
    except InspectionError:
        return 0, ""
    return count, f"; {count} camera objects"


@check(
    "settings-restored",
    GROUP,
    "Closing restores every setting that loading has changed.",
    remedy="restart Isaac Sim to get your settings back; post this report",
)
def settings_restored(bench: TestBench) -> Steps[Measurement]:
    """Compare the settings after close with those before the first load."""
    before = bench.settings_before()
    yield from bench.close()
    after = bench.inspector.settings()
    changed = [f"{name}: {before[name]!r} became {after.get(name)!r}" for name in before if before[name] != after.get(name)]
    return Measurement(
        holds=not changed,
        found="; ".join(changed) or f"all {len(before)} as before",
        expected="as before the first load",
        values={"changed": len(changed)},
    )


@check(
    "stage-after-close",
    GROUP,
    "Prims outside our root are as they were.",
    remedy="undo is not possible: reopen your stage without saving; post this report",
)
def stage_after_close(bench: TestBench) -> Steps[Measurement]:
    """Compare the rest of the stage with what it was."""
    before = bench.others_before()
    yield from bench.close()
    after = bench.inspector.others_on_stage()
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return Measurement(
        holds=not changed,
        found=f"changed: {', '.join(changed[:10])}" if changed else f"{len(before)} prims as before",
        expected="as before",
        values={"changed": len(changed)},
    )
