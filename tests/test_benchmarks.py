"""`make bench` runs every benchmark as it is: none asks for anything."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))
WITH_OPTIONS = [script for script in SCRIPTS if "argparse" in script.read_text(encoding="utf-8")]


@pytest.mark.parametrize("script", WITH_OPTIONS, ids=lambda script: script.stem)
def test_a_benchmark_needs_no_argument(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(script), "--wrong"])
    # a wrong option ends it before it measures; a missing argument would be told first
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")
    assert ended.value.code == 2
    assert "unrecognized arguments: --wrong" in capsys.readouterr().err
