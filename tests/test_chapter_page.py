"""docs/chapter.md is one script in parts: its blocks run in turn, in one process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.test_readme import ROOT, blocks

pytest.importorskip("torch")
pytest.importorskip("onnx")


def test_the_blocks_of_the_chapter_run_in_turn(tmp_path):
    script = "\n".join(blocks(ROOT / "docs" / "chapter.md", "python"))
    search = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=search, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "earlier actions changed: False" in done.stdout
    assert "the last one changed: True" in done.stdout
    assert "10 of 10: 72 to 100 %" in done.stdout
