"""Stages: commands of `vla-isaac` one after the other, some chains of them side by side."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.train_mini.__main__ import note_time

NOTING = threading.Lock()


@dataclass(frozen=True)
class Stage:
    """One command; done before, it does nothing but look."""

    name: str
    arguments: tuple[str, ...]


def carry_out(before: Sequence[Stage], chains: Mapping[str, Sequence[Stage]], runs: Path, together: int) -> int:
    """Run what comes before all else, then the chains, some at a time; return the first code that means failure, or 0.

    Each chain writes to ``NAME.log`` of the runs folder. The seconds of each stage are kept in ``seconds.json``, over all
    attempts.
    """
    runs.mkdir(parents=True, exist_ok=True)
    code = one_by_one("collect", before, runs)
    if code:
        return code
    with ThreadPoolExecutor(together) as pool:
        return next((code for code in pool.map(lambda name: one_by_one(name, chains[name], runs), chains) if code), 0)


def one_by_one(name: str, stages: Sequence[Stage], runs: Path) -> int:
    """Run a chain until a stage fails; an evaluation that ends with 1 has only seen too few successes."""
    for stage in stages:
        code = run(stage, runs, runs / f"{name}.log")
        print(f"{time.strftime('%H:%M')} {stage.name}: {'done' if code in (0, 1) else f'failed with {code}'}", flush=True)
        if code not in (0, 1):
            return code
    return 0


def run(stage: Stage, runs: Path, log: Path) -> int:
    """Carry out a stage and note its seconds."""
    begin = time.monotonic()
    with log.open("a", encoding="utf-8") as lines:
        lines.write(f"== {stage.name}: vla-isaac {' '.join(stage.arguments)}\n")
        lines.flush()
        code = subprocess.call([sys.executable, "-m", "vla_isaac", *stage.arguments], stdout=lines, stderr=lines)
    with NOTING:
        note_time(runs / "seconds.json", stage.name, time.monotonic() - begin)
    return code
