"""Do the cited files exist at their tags? Compared with a git mirror of the repository, where there is one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from vla_isaac.backends.isaac.beliefs import SOURCES, Belief

REPOSITORY = "isaac-sim/IsaacSim"


def wrong_citations(mirror: Path, ledger: Iterable[Belief]) -> list[str]:
    """Return what is wrong with the citations of `REPOSITORY`: no such tag or file, or fewer lines than cited.

    Args:
        mirror: Its git directory.
        ledger: The rows.
    """
    problems: list[str] = []
    for belief in ledger:
        for source in belief.sources:
            if source.startswith(f"{REPOSITORY} ") and re.fullmatch(SOURCES["repository"], source):
                text = cited_text(mirror, source)
                if text is None:
                    problems.append(f"{belief.id}: there is no {source}")
                elif max(cited_lines(source), default=0) > len(text):
                    problems.append(f"{belief.id}: {source}: the file has {len(text)} lines")
    return problems


def cited_text(mirror: Path, source: str) -> list[str] | None:
    """Return the lines of a cited file; None if the mirror lacks it."""
    _, tag, place = source.split(" ", 2)
    command = ["git", "-C", str(mirror), "show", f"{tag}:{place.partition(':')[0]}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


def cited_lines(source: str) -> list[int]:
    """Return the numbers of the cited lines, of a range both ends."""
    return [int(number) for number in re.findall(r"\d+", source.rpartition(":")[2])] if ":" in source else []
