"""The table of docs/zoo.md, written from ``reported.json``: ``python -m tools.zoo.table``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tools.zoo.gather import REPORTED
from vla_isaac.core.intervals import wilson95
from vla_isaac.evaluation.paired import paired

PAGE = Path("docs/zoo.md")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
HEAD = (
    "model", "`place_on`", "95 % interval", "black pictures", "p", "parameters", "ONNX MB", "moments seen", "training min",
    "decision p50 ms",
)  # fmt: skip


def main() -> int:
    """Put the table between its marks."""
    found = table(json.loads(REPORTED.read_text(encoding="utf-8")))
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(text, found), encoding="utf-8")
    print(found)
    return 0


def with_table(text: str, found: str) -> str:
    """Return the page with this table."""
    before, _, after = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{found}\n\n{END}{after.partition(END)[2]}"


def table(reported: dict[str, Any]) -> str:
    """Return the lines of the table."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(row(model, numbers) for model, numbers in reported.items())]
    return "\n".join(f"| {' | '.join(one)} |" for one in rows)


def row(model: str, numbers: dict[str, Any]) -> tuple[str, ...]:
    """Return a model's figures."""
    seeing, blind = numbers["usual"], numbers["blackened"]
    low, high = wilson95(sum(seeing.values()), len(seeing))
    p_value = paired(seeing, blind).p_value
    return (
        f"`{model}`",
        f"{sum(seeing.values())} of {len(seeing)}",
        f"{100 * low:.0f} to {100 * high:.0f} %",
        f"{sum(blind.values())} of {len(blind)}",
        "< 0.0001" if p_value < 0.0001 else f"{p_value:.4f}",
        f"{numbers['parameters']:,}",
        f"{numbers['onnx_bytes'] / 1e6:.1f}",
        f"{numbers['moments']:,}" if "moments" in numbers else "",
        f"{numbers['training_seconds'] / 60:.0f}",
        f"{numbers['decision_p50_ms']:.1f}",
    )


if __name__ == "__main__":
    sys.exit(main())
