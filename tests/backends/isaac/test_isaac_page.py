"""The Python blocks of docs/isaac-sim.md, run on the simulated Isaac Sim."""

from __future__ import annotations

import re
from pathlib import Path

from tests.simulated_isaac import simulated_isaac

PAGE = Path(__file__).resolve().parents[3] / "docs" / "isaac-sim.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_headless_script_runs_and_closes_isaac(capsys):
    script = next(block for block in BLOCKS if "simulation_app" in block)
    with simulated_isaac("5.1", mode="script", start=False) as sim:
        exec(compile(script, str(PAGE), "exec"), {"__name__": "__main__"})
        assert sim.is_closed
        assert sim.violations == []
    assert "SUCCEEDED" in capsys.readouterr().out
