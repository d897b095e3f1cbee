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

CALLS = (  # ?: not every processor has these
    "trace=network,openat,?open,?openat2,?creat,mkdirat,?mkdir,"
    "?rename,renameat2,?renameat,?unlink,unlinkat,?rmdir,?truncate,?link,linkat,?symlink,symlinkat"
)
INTERNET = re.compile(r"\bAF_INET6?\b|io\.systemd\.Resolve")  # the second looks names up for others
MADE = re.compile(
    r"\b(?:creat|mkdir(?:at)?|rename(?:at2?)?|unlink(?:at)?|rmdir|truncate|(?:sym)?link(?:at)?)\(|O_CREAT|O_WRONLY|O_RDWR"
)
PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
"""A name, after the folder to which it is relative."""

DEVICES = re.compile(r"/dev/(null|dri/.*|udmabuf|shm|shm/(sem\.|torch_|\w{6}$).*|tty|ptmx)|/proc/(self|\d+)/.*")
"""What is opened for writing and is no file on a disk: the null device, graphics devices, and the semaphores and shared
memory of processes that work together, which end with them."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="strace watches Linux programs only")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a command did."""

    stdout: str
    """What it printed."""

    internet: tuple[str, ...]
    """Each system call on an internet address, as strace writes it."""

    made: tuple[str, ...]
    """Files and folders outside its own folder that it made, changed or removed."""

    left: tuple[str, ...]
    """What it left among the temporary files."""


def trace(words: list[str], folder: Path, *, output: str = ".", codes: tuple[int, ...] = (0,), **variables: str) -> Trace:
    """Run Python with these words in a folder of its own, with an empty home and none of the caller's variables.

    The variables are left out because some of them keep a library quiet: onnxruntime reports nothing where `CI` is set.

    Args:
        words: What follows the name of the interpreter.
        folder: Where the home, the cache, the temporary files and the working folder are made.
        output: The part of the working folder in which it may write.
        codes: Exit codes that are accepted.
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
        [strace, "-f", "-y", "-qq", "--seccomp-bpf", "-s", "256", "-e", CALLS, "-o", str(calls), sys.executable, *words],
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
    assert done.returncode in codes, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    lines = calls.read_text(encoding="utf-8", errors="replace").splitlines()
    assert any("openat" in line for line in lines), f"strace saw no file opened; it wrote {lines[:3]}"
    return Trace(
        stdout=done.stdout,
        internet=tuple(line for line in lines if INTERNET.search(line)),
        made=tuple(sorted(_made(lines, work, (work / output, folder / "tmp")))),
        left=tuple(sorted(path.name for path in (folder / "tmp").iterdir())),
    )


def _made(lines: list[str], work: Path, own: tuple[Path, ...]) -> set[str]:
    """Return what was made, changed or removed."""
    found = set()
    for line in lines:
        if not MADE.search(line) or " = -1 " in line:
            continue
        for folder, name in PATH.findall(line):
            place = Path(work, folder, name)
            if not DEVICES.match(str(place)) and not any(place.is_relative_to(parent) for parent in own):
                found.add(str(place))
    return found
