"""A smoke test in half a minute, with what `make demo` installs and nothing else: ``python tools/smoke_test.py``.

Each step is a command that a user would type. It ends with code 1 at the first that does not say what it should.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One command and what it has to print."""

    about: str
    command: str
    expected: str


CHECKS = (
    Check("reads a sentence", 'parse "Put the red cube on the blue box"', "on(red_cube, blue_box)"),
    Check("the loop, without physics", 'run "Lift the red cube" --backend stub --no-video', "SUCCESS"),
    Check("physics, by the expert", 'run "Lift the red cube" --policy scripted --no-video', "SUCCESS"),
    Check("pictures, by the shipped policy", 'run "Pick up the red cube" --policy mini --seed 3 --no-video', "SUCCESS"),
    Check("what is installed", "doctor", "mujoco"),
)


def main() -> int:
    """Run every check and return the exit code."""
    begin = time.perf_counter()
    for check in CHECKS:
        start = time.perf_counter()
        words = [sys.executable, "-m", "vla_isaac", *shlex.split(check.command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0 or check.expected not in done.stdout:
            print(f"FAILED  {check.about}: vla-isaac {check.command}\n{done.stdout}{done.stderr}")
            print(f"it ended with code {done.returncode} and should have printed {check.expected!r}")
            return 1
        print(f"ok  {time.perf_counter() - start:4.1f} s  {check.about}", flush=True)
    print(f"all well after {time.perf_counter() - begin:.0f} s; the whole suite, with its own environment: make test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
