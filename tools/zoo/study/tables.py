"""The tables of the study in docs/zoo.md, written from ``reported.json``: ``python -m tools.zoo.study.tables``."""

from __future__ import annotations

import json
import sys
from typing import Any

from tools.zoo import recipe
from tools.zoo.study.gather import REPORTED
from tools.zoo.study.trials import CURVE, FAMILIES, FEW, NEW
from tools.zoo.table import PAGE, between, likely, rows_of
from vla_isaac.core.intervals import wilson95

FOR_ALL = ("all_in_one", "all_language", "all_heads")
MARKS = ("<!-- study -->", "<!-- end of study -->")
Reported = dict[str, dict[str, Any]]
Rows = list[tuple[str, ...]]


def main() -> int:
    """Put the tables between their marks."""
    found = tables(json.loads(REPORTED.read_text(encoding="utf-8")))
    PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), MARKS, found), encoding="utf-8")
    print(found)
    return 0


def tables(reported: Reported) -> str:
    """Return all of which there is something to tell."""
    made = (families(reported), left_out(reported), curve(reported), differences(reported), budgets(reported))
    return "\n\n".join(rows_of([heads, *rows]) for heads, *rows in made if any(any(row[1:]) for row in rows))


def families(reported: Reported) -> Rows:
    """Return how often each family succeeds: in a network of its own, and in one for all."""
    heads = ("family", "a network of its own", "one for all", "a transformer, by its words", "the same with a head for each")
    rows = [
        (f"`{family}`", *(cell(reported, name, family) for name in (f"alone_{family}", *FOR_ALL))) for family in FAMILIES
    ]
    own = [reported[f"alone_{family}"] for family in FAMILIES if f"alone_{family}" in reported]
    sums = (
        together(own),
        *(together([reported[name]]) if name in reported else "" for name in FOR_ALL),
    )
    return [heads, *rows, ("all", *sums)]


def budgets(reported: Reported) -> Rows:
    """Return what each network was trained on, and for how long."""
    rows = [
        (
            f"`{name}`",
            f"{one['demonstrations']:,}",
            f"{one['steps']:,}",
            f"{one['moments']:,}",
            f"{one['training_seconds'] / 60:.0f}",
            f"{one['objects_mm']:.1f}" if "objects_mm" in one else "",
            f"{100 * one['task_named']:.1f} %" if "task_named" in one else "",
        )
        for name, one in reported.items()
    ]
    heads = ("network", "demonstrations", "updates", "moments seen", "minutes", "objects off by mm", "task named")
    return [heads, *rows]


def left_out(reported: Reported) -> Rows:
    """Return how a new family goes after some demonstrations of it."""
    rows = [("0", cell(reported, "all_but_new", NEW), "")]
    rows += [(str(n), cell(reported, f"new_{n}", NEW), cell(reported, f"new_{n}_from_nothing", NEW)) for n in FEW]
    return [(f"demonstrations of `{NEW}`", "after the other families", "from nothing"), *rows]


def curve(reported: Reported) -> Rows:
    """Return how success grows with demonstrations."""
    rows = [(str(count), cell(reported, f"curve_{count}", "place_on")) for count in CURVE]
    return [("demonstrations of `place_on`", "success"), *rows]


def differences(reported: Reported) -> Rows:
    """Return what differs, and how likely so large a difference is if there were none: the same layouts, one by one."""
    alone = [f"alone_{family}" for family in FAMILIES]
    pairs = [
        ("one for all or a network of its own", ["all_in_one"], alone),
        ("a head for each or words alone", ["all_heads"], ["all_language"]),
        *(
            (f"{n} of `{NEW}`: after the other families or from nothing", [f"new_{n}"], [f"new_{n}_from_nothing"])
            for n in FEW
        ),
    ]
    rows = []
    for name, *sides in pairs:
        if all(one in reported for side in sides for one in side):
            first, second = (each_layout([reported[one] for one in side]) for side in sides)
            only = [sum(a[key] and not b[key] for key in a) for a, b in ((first, second), (second, first))]
            rows.append((name, *map(str, only), likely(first, second)))
    return [("comparison", "only the first succeeds", "only the second", "p"), *rows]


def each_layout(networks: list[dict[str, Any]]) -> dict[str, bool]:
    """Return for each family and seed whether it was solved."""
    return {
        f"{family} {seed}": seed in one["solved_seeds"][family]
        for one in networks
        for family, count in one["episodes"].items()
        for seed in range(recipe.REPORTED_FROM, recipe.REPORTED_FROM + count)
    }


def cell(reported: Reported, name: str, family: str) -> str:
    """Return successes and their interval; nothing for what is not there."""
    if name not in reported:
        return ""
    return share(len(reported[name]["solved_seeds"][family]), reported[name]["episodes"][family])


def together(networks: list[dict[str, Any]]) -> str:
    """Return the successes of some networks over all their families."""
    solved = sum(len(seeds) for one in networks for seeds in one["solved_seeds"].values())
    return share(solved, sum(count for one in networks for count in one["episodes"].values()))


def share(solved: int, count: int) -> str:
    """Return successes and their 95 % interval."""
    if not count:
        return ""
    low, high = wilson95(solved, count)
    return f"{solved} of {count} ({100 * low:.0f} to {100 * high:.0f} %)"


if __name__ == "__main__":
    sys.exit(main())
