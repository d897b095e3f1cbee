"""`make bench` runs every benchmark as it is: none asks for anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))
WITH_OPTIONS = [script for script in SCRIPTS if "argparse" in script.read_text(encoding="utf-8")]


@pytest.mark.parametrize("script", WITH_OPTIONS, ids=lambda script: script.stem)
def test_a_benchmark_needs_no_argument(script):
    # a wrong option ends it before it measures; a missing argument would be told first
    done = subprocess.run([sys.executable, str(script), "--wrong"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unrecognized arguments: --wrong" in done.stderr
