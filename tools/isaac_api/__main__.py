"""Compare our Isaac Sim calls with the recorded API of each release.

python -m tools.isaac_api --check
python -m tools.isaac_api --write docs/isaac-api-table.md
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.isaac_api.report import ROOT, check, releases, table


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if `--check` finds a missing name, or an unrecorded one without a source."""
    parser = argparse.ArgumentParser(prog="python -m tools.isaac_api", description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders; the package if none is given")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown table")
    parser.add_argument("--check", action="store_true", help="print what is wrong and fail")
    chosen = parser.parse_args(arguments)
    known = releases()
    paths = [path.resolve() for path in chosen.paths or [ROOT / "vla_isaac"]]
    files = sorted({file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])})
    rows = check(files, known)
    if chosen.write:
        chosen.write.write_text(table(rows, known), encoding="utf-8")
    problems = [problem for row in rows for problem in row.problems] if chosen.check else []
    print("\n".join([*problems, f"{len(rows)} uses in {len(known)} releases, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
