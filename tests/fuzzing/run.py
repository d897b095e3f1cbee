"""Damage files by seed and read them: ``python -m tests.fuzzing.run FIRST COUNT``, one JSON line per mutation.

It is a process of its own, since a library may crash on a broken file; its memory is limited.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import logging
import logging.handlers
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzzing.kinds import KINDS, SAMPLES
from tests.fuzzing.mutations import NO_FILES, mutate
from tests.fuzzing.readers import wrong_numbers
from vla_isaac.core.errors import VlaIsaacError

SECONDS = 5.0
"""Processor time for one file; who started this process ends it where it waits."""

MEMORY = 1 << 30
"""Bytes that reading one file may take."""


WARNINGS = logging.handlers.BufferingHandler(capacity=10**6)
WARNINGS.setLevel(logging.WARNING)


Change = Callable[[Path, int], str]
"""Changes a file by seed and returns what was done."""


class Hang(BaseException):
    """Raised in a reader that takes too long; no `except Exception` catches it."""


def available() -> list[tuple[str, str]]:
    """Return the kinds whose libraries are installed."""
    has = {module: importlib.util.find_spec(module) is not None for sample in SAMPLES.values() for module in sample.needs}
    return [(name, pattern) for name, pattern in KINDS if all(has[module] for module in SAMPLES[name].needs)]


def main(first: int, count: int) -> None:
    """Damage and read files of the seeds from `first` on, or with a negative `first` replace each kind by no file."""
    signal.signal(signal.SIGPROF, _hang)
    logging.getLogger("vla_isaac").addHandler(WARNINGS)
    logging.getLogger("vla_isaac").propagate = False
    warnings.simplefilter("ignore")
    kinds = available() if first >= 0 else [kind for kind in available() for _ in NO_FILES]
    first, change = (first, _mutate) if first >= 0 else (0, _replace)
    with tempfile.TemporaryDirectory() as folder:
        root, right = Path(folder), {}
        for name in dict.fromkeys(name for name, _ in (kinds[seed % len(kinds)] for seed in range(first, first + count))):
            (root / name).mkdir()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                SAMPLES[name].make(root / name)
                shutil.copytree(root / name, root / "work")
                right[name] = SAMPLES[name].read(root / "work")
                shutil.rmtree(root / "work")
        _limit_memory()
        for seed in range(first, first + count):
            name, pattern = kinds[seed % len(kinds)]
            print(json.dumps({"begins": seed, "kind": f"{name}: {pattern}"}), flush=True)
            print(json.dumps(_one(seed, name, pattern, root, right[name], change)), flush=True)


def _mutate(path: Path, seed: int) -> str:
    return mutate(path, random.Random(seed))


def _replace(path: Path, seed: int) -> str:
    what = sorted(NO_FILES)[seed % len(NO_FILES)]
    NO_FILES[what](path)
    return what


def _one(seed: int, name: str, pattern: str, root: Path, right: dict[str, Any], change: Change) -> dict[str, Any]:
    """Damage one copy, read it, and return what happened; ``problem`` is None if that is as it should be."""
    work = root / "work"
    shutil.copytree(root / name, work)
    try:
        path = random.Random(seed).choice(sorted(work.glob(pattern)))
        done = change(path, seed)
        names = {str(work), *(file.name for file in work.rglob("*"))}
        begin, before = time.process_time(), _peak()
        outcome, problem = _read(name, work, names, right)
        seconds = time.process_time() - begin
        if seconds > SECONDS:
            problem = problem or f"took {seconds:.1f} s"
        if _peak() - before > MEMORY:
            problem = problem or f"took {(_peak() - before) >> 20} MiB"
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {
        "seed": seed,
        "kind": f"{name}: {pattern}",
        "done": done,
        "outcome": outcome,
        "problem": problem,
        "seconds": seconds,
    }


def _read(name: str, work: Path, names: set[str], right: dict[str, Any]) -> tuple[str, str | None]:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    WARNINGS.buffer.clear()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            facts = SAMPLES[name].read(work)
    except VlaIsaacError as error:
        text = str(error)
        is_named = any(one in text for one in names)
        return "error", None if is_named else f"does not name the file: {text[:300]}"
    except Hang:
        return "hang", f"takes longer than {SECONDS:.0f} s"
    except BaseException as error:
        return "raw", f"{type(error).__name__}: {str(error)[:200]} at {_place(error)}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    wrong = wrong_numbers(facts, right, may_lack=bool(WARNINGS.buffer) or not SAMPLES[name].is_complete)
    return ("reported" if facts.get("findings") else "accepted"), f"wrong: {'; '.join(wrong)[:300]}" if wrong else None


def _place(error: BaseException) -> str:
    trace, places = error.__traceback__, []
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-6:]))


def _hang(number: int, frame: object) -> None:
    raise Hang


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _limit_memory() -> None:
    """Allow little more than what the libraries take; what goes beyond is a `MemoryError`."""
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 2 * MEMORY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
