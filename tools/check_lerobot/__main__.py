"""Open our datasets with LeRobot, and LeRobot's with our reader; compare every number.

python3.11 -m venv .venv-lerobot
.venv-lerobot/bin/pip install --only-binary :all: --no-binary evdev -r tools/check_lerobot/requirements.txt
.venv-lerobot/bin/python -m tools.check_lerobot
.venv-lerobot/bin/python -m tools.check_lerobot --keep tests/datasets/lerobot/written_by_lerobot
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("SVT_LOG", "1")


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if a number differs or a picture is worse than the codec should make it."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_lerobot", description=__doc__.partition("\n")[0])
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the dataset that LeRobot wrote here")
    chosen = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="check-lerobot-"))
    os.environ["HF_HOME"] = str(work / "hf")

    from tools.check_lerobot import ours, theirs

    try:
        problems = [*ours.check(work), *theirs.check(work)]
        if chosen.keep:
            shutil.rmtree(chosen.keep, ignore_errors=True)
            shutil.copytree(work / "theirs", chosen.keep, ignore=shutil.ignore_patterns("images", "tmp*"))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("\n".join([*problems, f"{len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
