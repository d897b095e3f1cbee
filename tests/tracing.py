"""A command run under strace: which hosts it speaks to, and which files it makes outside its own folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300.0
"""Longest wait for a command to end [s]."""

CALLS = "trace=network,openat,?open,?openat2,?creat,mkdirat,?mkdir"  # ?: not every processor has these
INTERNET = re.compile(r"\bAF_INET6?\b|io\.systemd\.Resolve")  # the second looks names up for others
MADE = re.compile(r"(?:creat|mkdir(?:at)?)\(|O_CREAT")
BELOW_A_FOLDER = re.compile(r"\b(?:open|mkdir)at2?\(")
PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
SYSTEM = ("/dev/", "/proc/", "/sys/")

linux = pytest.mark.skipif(sys.platform != "linux", reason="strace watches Linux programs only")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a command did."""

    stdout: str
    """What it printed."""

    internet: tuple[str, ...]
    """Each system call on an internet address, as strace writes it."""

    made: tuple[str, ...]
    """Files and folders that it made outside its own folder."""


def trace(words: list[str], folder: Path, **variables: str) -> Trace:
    """Run Python with these words in a folder of its own, with an empty home and none of the caller's variables.

    The variables are left out because some of them keep a library quiet: onnxruntime reports nothing where `CI` is set.

    Args:
        words: What follows the name of the interpreter.
        folder: Where the home, the cache, the temporary files and the working folder are made.
        variables: Environment variables in addition.
    """
    strace = shutil.which("strace")
    assert strace, "strace is not installed; run: sh tools/ensure_strace.sh, or: sudo apt-get install -y strace"
    home, work, calls = folder / "home", folder / "work", folder / "calls"
    for place in (home / "cache", work, folder / "tmp"):
        place.mkdir(parents=True)
    surroundings = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "MUJOCO_GL") if name in os.environ}
    surroundings |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "TMPDIR": str(folder / "tmp")}
    surroundings |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    done = subprocess.run(
        [strace, "-f", "-qq", "--seccomp-bpf", "-s", "256", "-e", CALLS, "-o", str(calls), sys.executable, *words],
        cwd=work,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    is_forbidden = done.returncode != 0 and "PTRACE_" in done.stderr
    assert not is_forbidden, (
        f"strace may not watch programs here: {done.stderr.strip()}; "
        "in a container start it with --cap-add=SYS_PTRACE, else look at /proc/sys/kernel/yama/ptrace_scope"
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    lines = calls.read_text(encoding="utf-8", errors="replace").splitlines()
    assert any("openat" in line for line in lines), f"strace saw no file opened; it wrote {lines[:3]}"
    return Trace(
        stdout=done.stdout,
        internet=tuple(line for line in lines if INTERNET.search(line)),
        made=tuple(sorted(_made(lines, work, folder / "tmp"))),
    )


def _made(lines: list[str], *own: Path) -> set[str]:
    """Return what was made; a name relative to a folder is kept as it is where that folder is not the working one."""
    found = set()
    for line in lines:
        path = PATH.search(line)
        if path is None or not MADE.search(line) or " = -1 " in line:
            continue
        is_below_another = BELOW_A_FOLDER.search(line) and "AT_FDCWD" not in line
        place = Path(path[1]) if is_below_another else Path(own[0], path[1])
        if not str(place).startswith(SYSTEM) and not any(place.is_relative_to(folder) for folder in own):
            found.add(str(place))
    return found
