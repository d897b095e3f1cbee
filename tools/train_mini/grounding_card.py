"""The card of the grounding network, from its making and its measurements: ``python -m tools.train_mini.grounding_card``.

A measurement is the last line of ``vla-isaac eval --sentences FILE --json``, kept as ``reading_NAME.json`` in ``reported``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tools.train_mini.figures import REPORTED
from tools.train_mini.recipe import GROUNDING

TITLES = {
    "report": "Reported voices, looked at once",
    "choose": "Choosing voices, by which temperature and threshold were set",
    "outsiders": "Sentences of outsiders who knew neither the templates nor this corpus",
}


def main() -> int:
    """Write the card beside the network."""
    path = GROUNDING / "README.md"
    path.write_text(card(), encoding="utf-8")
    print(f"wrote {path}")
    return 0


def card() -> str:
    """Return the card's text."""
    found = json.loads((GROUNDING / "grounding.json").read_text(encoding="utf-8"))
    notes = found["notes"]
    parts = [
        Path(__file__).with_name("grounding.md").read_text(encoding="utf-8").rstrip(),
        f"Trained on {notes['sentences']} sentences of {len(notes['voices'])} voices; starts from {notes['starts_from']}. "
        f"A reading is acted on from a confidence of {found['accept_above']} (temperature {found['temperature']}).",
        "## Figures",
        "Right: all goals, objects and their order, with Wilson's 95 % interval. The grammar reads first, as in `run`.",
        *(measured(name) for name in TITLES),
    ]
    return "\n\n".join(parts) + "\n"


def measured(name: str) -> str:
    """Return the tables of a measurement."""
    path = REPORTED / f"reading_{name}.json"
    if not path.exists():
        return f"### {TITLES[name]}\n\nNot measured."
    found = json.loads(path.read_text(encoding="utf-8"))
    head = ("sentences", "can be done", "right", "wrong", "refused", "cannot be done", "of them refused")
    rows = [("**all**", *_cells(found))]
    rows += [(f"{kind}: {name}", *_cells(of)) for kind, groups in found["by"].items() for name, of in groups.items()]
    sure = found["calibration"]
    lines = [head, tuple("---" for _ in head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    of = f"{sure['readings']} readings of the network with confidence from {sure['confidence_from']}"
    calibration = f"Of {of}, {sure['right']} are right."
    return "\n\n".join((f"### {TITLES[name]}", table, calibration))


def _cells(found: dict[str, Any]) -> tuple[str, ...]:
    right = _share(found["right"], found["sentences"], found["right_wilson95"])
    refused = _share(found["cannot_refused"], found["cannot"], found["cannot_wilson95"])
    return str(found["sentences"]), right, str(found["wrong"]), str(found["refused"]), str(found["cannot"]), refused


def _share(part: int, whole: int, interval: list[float] | None) -> str:
    if not whole or interval is None:
        return "-"
    return f"{part} ({100 * part / whole:.1f} %, {100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


if __name__ == "__main__":
    sys.exit(main())
