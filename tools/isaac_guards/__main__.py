"""Switch off each guard in turn and expect its test to fail.

python -m tools.isaac_guards                    all of them (about two minutes)
python -m tools.isaac_guards --sample 4         every so many-th only
python -m tools.isaac_guards "NaN refused"      one
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.isaac_guards.guards import GUARDS
from tools.isaac_guards.mutation import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/backends/isaac/test_isaac_guards.py", "tests/backends/isaac/test_isaac_saved_state.py")
FAILED = 1  # pytest's exit code when tests ran and some failed; anything else is no proof


def survives(name: str) -> str:
    """Return why a guard's absence was not noticed, or nothing."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "tools.isaac_guards.mutation",
        *TESTS,
        "-k",
        GUARDS[name].test,
    ]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: name}, capture_output=True, text=True, check=False)
    if done.returncode == FAILED and "ValueError: " + str(ROOT) not in done.stdout:
        return ""
    return "its test passes without it" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-1000:]


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if a guard survives."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.isaac_guards", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="guards to switch off; all if none is given")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every N-th guard only")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(GUARDS))
    if unknown:
        parser.error(f"no guard named {unknown[0]!r}; there are: {', '.join(GUARDS)}")
    names = (chosen.names or list(GUARDS))[:: chosen.sample]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reasons = dict(zip(names, pool.map(survives, names), strict=True))
    for name, reason in reasons.items():
        print(f"{'SURVIVED' if reason else 'noticed ':8} {name}: {GUARDS[name].trap}" + (f"\n{reason}" if reason else ""))
    survivors = sum(bool(reason) for reason in reasons.values())
    print(f"{len(names)} guards switched off, {survivors} survivors")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
