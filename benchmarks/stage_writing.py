"""What it costs to write a scene to a USD stage, and to renew it in place for the next episode.

python benchmarks/stage_writing.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from pxr import Usd

from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.scene.usd import write_layout, write_scene

REPEATS = 15


def main() -> None:
    spec, full = scene_preset("clutter"), randomisation_preset("full")
    layouts = [sample_layout(spec, full, seed) for seed in range(REPEATS)]
    stage = Usd.Stage.CreateInMemory()
    written = [milliseconds(lambda layout=layout: write_scene(stage, spec, layout)) for layout in layouts]
    renewed = [milliseconds(lambda layout=layout: write_layout(stage, spec, layout)) for layout in layouts]
    first, again = statistics.median(written), statistics.median(renewed)
    print(f"clutter: written {first:.0f} ms, renewed in place {again:.0f} ms: {again / first:.2f} of it")


def milliseconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1000.0 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
