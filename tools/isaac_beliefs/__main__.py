"""Check the ledger of what is believed about Isaac Sim, and write its page.

python -m tools.isaac_beliefs --check                          what has no row, and what a row names that does not exist
python -m tools.isaac_beliefs --write docs/isaac-beliefs.md    the page
python -m tools.isaac_beliefs --mirror ../IsaacSim/.git        do the cited files and lines exist at their tags?
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.isaac_beliefs.complete import problems
from tools.isaac_beliefs.mirror import wrong_citations
from tools.isaac_beliefs.page import page
from vla_isaac.backends.isaac.beliefs import beliefs
from vla_isaac.core.resources import resource


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if `--check` or `--mirror` finds something."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.isaac_beliefs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="print what is missing or does not exist, and fail")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page")
    parser.add_argument("--mirror", type=Path, metavar="DIR", help="git directory of NVIDIA's repository with its tags")
    chosen = parser.parse_args(arguments)
    ledger = beliefs()
    if chosen.write:
        chosen.write.write_text(page(ledger, ledger_text()), encoding="utf-8")
    found = problems(ledger) if chosen.check else []
    found += wrong_citations(chosen.mirror, ledger.values()) if chosen.mirror else []
    assumed = sum(row.is_assumed for row in ledger.values())
    print("\n".join([*found, f"{len(ledger)} rows, {assumed} assumed, {len(found)} problems"]))
    return 1 if found else 0


def ledger_text() -> str:
    """Return the YAML file as text."""
    return resource("config", "isaac", "beliefs.yaml").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
