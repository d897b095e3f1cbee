"""The table of docs/zoo.md, written from ``reported.json``: ``python -m tools.zoo.table``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.zoo.gather import REPORTED
from tools.zoo.recipe import BLIND
from vla_isaac.core.intervals import wilson95
from vla_isaac.evaluation.paired_comparison import compare_paired

PAGE = Path("docs/zoo.md")
MARKS = ("<!-- figures -->", "<!-- end of figures -->")
HEAD = (
    "model", "`place_on`", "95 % interval", "black pictures", "p", "p against `blind`", "parameters", "ONNX MB",
    "moments seen", "training min", "decision p50 ms",
)  # fmt: skip


def main() -> int:
    """Put the table between its marks."""
    found = table(json.loads(REPORTED.read_text(encoding="utf-8")))
    PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), MARKS, found), encoding="utf-8")
    print(found)
    return 0


def between(text: str, marks: tuple[str, str], found: str) -> str:
    """Return a page with this between its marks."""
    before, _, after = text.partition(marks[0])
    return f"{before}{marks[0]}\n\n{found}\n\n{marks[1]}{after.partition(marks[1])[2]}"


def table(reported: dict[str, Any]) -> str:
    """Return the lines of the table."""
    return rows_of([HEAD, *(row(model, numbers, reported.get(BLIND)) for model, numbers in reported.items())])


def rows_of(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of these rows, the first of which are its headings."""
    ruled = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(one)} |" for one in ruled)


def row(model: str, numbers: dict[str, Any], blind: dict[str, Any] | None) -> tuple[str, ...]:
    """Return a model's figures."""
    seeing, dark = numbers["usual"], numbers["blackened"]
    low, high = wilson95(sum(seeing.values()), len(seeing))
    return (
        f"`{model}`",
        f"{sum(seeing.values())} of {len(seeing)}",
        f"{100 * low:.0f} to {100 * high:.0f} %",
        f"{sum(dark.values())} of {len(dark)}",
        likely(seeing, dark),
        likely(seeing, blind["usual"]) if blind and model != BLIND else "",
        f"{numbers['parameters']:,}",
        f"{numbers['onnx_bytes'] / 1e6:.1f}",
        f"{numbers['moments']:,}" if "moments" in numbers else "",
        f"{numbers['training_seconds'] / 60:.0f}",
        f"{numbers['decision_p50_ms']:.1f}",
    )


def likely(one: dict[str, bool], other: dict[str, bool]) -> str:
    """Return how likely so large a difference is if there were none."""
    p_value = compare_paired(one, other).p_value
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.4f}"


if __name__ == "__main__":
    sys.exit(main())
