"""Same seed, same machine: two processes give the same states to the last bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def states(folder: Path, backend: str, hash_seed: str) -> list[dict]:
    command = f"-m vla_isaac run --task place_in --randomisation full --seed 11 --backend {backend} --no-video --record"
    subprocess.run(
        [sys.executable, *command.split(), str(folder)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    (log,) = folder.iterdir()
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    lines[-1].pop("wall_seconds")
    return lines


@pytest.mark.parametrize("backend", ["stub", "mujoco"])
def test_two_processes_give_the_same_log_whatever_the_order_of_their_sets(backend, tmp_path):
    first, second = (states(tmp_path / seed, backend, seed) for seed in ("1", "2"))
    assert len(first) > 40
    assert first == second
