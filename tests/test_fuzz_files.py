"""Damaged files of every kind that is read: an error that names the file, a report, or the right numbers; never a crash.

The kinds are in `tests/fuzzing/kinds.py`, what counts as a wrong number in `tests.fuzzing.readers.wrong_numbers`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fuzzing.kinds import KINDS
from tests.fuzzing.mutations import NO_FILES
from tests.fuzzing.run import SECONDS, available

ROOT = Path(__file__).resolve().parents[1]
MAY_LACK = {"set/meta/vla_isaac.json", "set/meta.json", "set/meta/tasks.parquet", "set/meta/tasks.jsonl"}
"""Files without which a dataset is read: as somebody else's, or by the sentences in its list of episodes."""

START = 600.0  # [s] in which the samples of all kinds are made on a busy machine


def fuzz(first: int, count: int) -> list[dict[str, Any]]:
    """Return what happened to each mutation; a process that ends by itself is a problem of the mutation it was at."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        begin = first + len(found) if first >= 0 else first
        command = [sys.executable, "-m", "tests.fuzzing.run", str(begin), str(count - len(found))]
        env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env
        ) as child:
            last: dict[str, Any] = {}
            timer = _killed_after(child, START)
            for line in child.stdout:
                timer.cancel()
                timer = _killed_after(child, 6 * SECONDS)
                last = json.loads(line)
                found += [last] if "outcome" in last else []
            timer.cancel()
            words = child.stderr.read()
        if len(found) < count:
            assert "begins" in last, f"no mutation was made: {words[-2000:]}"
            crash = f"the process ended ({child.returncode}): {words[-300:]}"
            found.append({"seed": last["begins"], "kind": last["kind"], "outcome": "crash", "problem": crash, "done": "?"})
    return found


def _killed_after(child: subprocess.Popen, seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, child.kill)
    timer.daemon = True
    timer.start()
    return timer


def assert_all_end_well(found: list[dict[str, Any]]) -> None:
    problems = [f"seed {one['seed']}, {one['kind']}, {one['done']}: {one['problem']}" for one in found if one["problem"]]
    assert problems == [], "\n".join(problems)


@pytest.mark.slow
def test_what_is_no_file_is_neither_waited_for_nor_read_without_end():
    found = fuzz(-1, len(available()) * len(NO_FILES))
    assert_all_end_well(found)
    opened = [one for one in found if one["done"] in ("a pipe", "a device", "a folder") and one["outcome"] == "accepted"]
    assert {one["kind"].partition(": ")[2] for one in opened} <= MAY_LACK, opened


def test_two_hundred_damaged_files_end_well():
    found = fuzz(0, 200)
    assert len({one["kind"] for one in found}) >= min(len(KINDS), 40)
    assert {"error", "reported", "accepted"} <= {one["outcome"] for one in found}
    assert_all_end_well(found)


@pytest.mark.slow
def test_five_thousand_damaged_files_end_well():
    found = fuzz(10_000, 5000)
    for kind, outcomes in sorted(_by_kind(found).items()):
        print(f"{kind:60} {sum(outcomes.values()):4}  {dict(outcomes)}")
    assert_all_end_well(found)


def _by_kind(found: list[dict[str, Any]]) -> dict[str, Counter]:
    counts: dict[str, Counter] = {}
    for one in found:
        counts.setdefault(one["kind"], Counter())[one["outcome"]] += 1
    return counts
