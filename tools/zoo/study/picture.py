"""The picture of the study in docs/zoo.md, drawn from ``reported.json``: ``python -m tools.zoo.study.picture``.

Needs matplotlib, which requirements/docs.txt pins.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

from tools.zoo.study.gather import REPORTED
from tools.zoo.study.trials import CURVE, FAMILIES, FEW, NEW
from vla_isaac.core.intervals import wilson95

OUT = Path("docs/images/zoo_study.png")
NAMES = {
    "alone": "a network of its own",
    "all_in_one": "one for all",
    "all_language": "transformer, by its words",
    "all_heads": "transformer, a head for each",
}
COLOURS = dict(zip(NAMES, ("#9aa0a6", "#00897b", "#f4a300", "#c2185b"), strict=True))
Reported = dict[str, dict[str, Any]]


def main() -> int:
    """Draw families, transfer and learning curve side by side."""
    mpl.use("agg")
    from matplotlib import pyplot

    reported = json.loads(REPORTED.read_text(encoding="utf-8"))
    pyplot.rcParams |= {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 4.6), width_ratios=(1.5, 1, 1), layout="constrained")
    families(axes[0], reported)
    transfer(axes[1], reported)
    curve(axes[2], reported)
    figure.savefig(OUT, dpi=110)
    print(OUT)
    return 0


def families(axes: Any, reported: Reported) -> None:
    """Draw each family's success, by each network that was judged on it."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        networks = [f"alone_{family}" if name == "alone" else name for family in FAMILIES]
        places = [place + 0.18 * (number - 1.5) for place in range(len(FAMILIES))]
        draw(axes, reported, places, list(zip(networks, FAMILIES, strict=True)), colour, NAMES[name], line="")
    axes.set_xticks(range(len(FAMILIES)), FAMILIES, rotation=30, ha="right")
    finish(axes, "Eight families, as many moments for each")


def transfer(axes: Any, reported: Reported) -> None:
    """Draw how a family goes that was left out, after a few demonstrations of it."""
    after = [("all_but_new", NEW), *((f"new_{count}", NEW) for count in FEW)]
    draw(axes, reported, list(range(len(after))), after, COLOURS["all_in_one"], "after the other families")
    nothing = [(f"new_{count}_from_nothing", NEW) for count in FEW]
    draw(axes, reported, list(range(1, len(after))), nothing, COLOURS["alone"], "from nothing")
    axes.set_xticks(range(len(after)), ["0", *map(str, FEW)])
    axes.set_xlabel(f"demonstrations of {NEW}")
    finish(axes, "A family that was left out")


def curve(axes: Any, reported: Reported) -> None:
    """Draw how success grows with demonstrations."""
    draw(axes, reported, list(CURVE), [(f"curve_{count}", "place_on") for count in CURVE], COLOURS["all_in_one"], "")
    axes.set_xscale("log")
    axes.set_xlim(0.8 * min(CURVE), 1.25 * max(CURVE))
    axes.set_xticks(CURVE, map(str, CURVE))
    axes.minorticks_off()
    axes.set_xlabel("demonstrations of place_on")
    finish(axes, "More demonstrations")


def draw(
    axes: Any,
    reported: Reported,
    places: list[Any],
    judged: list[tuple[str, str]],
    colour: str,
    name: str,
    *,
    line: str = "-",
) -> None:
    """Draw successes of networks on families with their 95 % intervals; what is not there is passed over."""
    points = [
        (place, *percent(reported[network], family))
        for place, (network, family) in zip(places, judged, strict=True)
        if network in reported
    ]
    if points:
        at, middle, low, high = zip(*points, strict=True)
        below, above = ([abs(a - b) for a, b in zip(middle, ends, strict=True)] for ends in (low, high))
        axes.errorbar(
            at, middle, (below, above), fmt=f"o{line}", color=colour, label=name or None, ms=4, lw=1.4, elinewidth=1
        )


def percent(network: dict[str, Any], family: str) -> tuple[float, float, float]:
    """Return success and the ends of its interval, in percent."""
    solved, count = len(network["solved_seeds"][family]), network["episodes"][family]
    low, high = wilson95(solved, count)
    return 100 * solved / count, 100 * low, 100 * high


def finish(axes: Any, title: str) -> None:
    """Give axes what all of them have."""
    axes.set_ylim(-3, 103)
    axes.set_ylabel("success, %")
    axes.grid(axis="y", color="#e0e0e0", lw=0.6)
    axes.set_title(title, loc="left", fontweight="bold")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2, fontsize=8, columnspacing=1)


if __name__ == "__main__":
    sys.exit(main())
