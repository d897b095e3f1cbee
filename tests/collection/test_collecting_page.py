"""What the page on collecting says works when it is pasted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "collect-demonstrations.md").read_text(encoding="utf-8")


def pasted(words: list[str], folder: Path) -> str:
    search = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *words], cwd=folder, env=search, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_collects_two_lifts(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    assert pasted([str(script)], tmp_path).startswith("2 {")


@pytest.mark.parametrize("line", re.findall(r"^vla-isaac (.*[^\\])$", PAGE, re.MULTILINE))
def test_a_command_works(line, tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    words = line.replace("--episodes 20", "--episodes 2").split()
    assert pasted(["-m", "vla_isaac", *words], tmp_path)
