"""`ResultsFile`: the outcomes as JSON lines, each written as soon as it is known, so that a killed evaluation can go on.

The first line says what was asked for, of whom, and with which versions.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vla_isaac import __version__
from vla_isaac.core.atomic_files import write_bytes
from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import EvaluationPlan
from vla_isaac.models.text import FILE as VOCABULARY
from vla_isaac.policies.by_name import checkpoint_of
from vla_isaac.policies.learned_checkpoint import FILE as CARD
from vla_isaac.policies.learned_checkpoint import ONNX

FORMAT = 1
FREE = ("episodes",)
"""What may change when an evaluation goes on."""

PACKAGES = ("numpy", "mujoco", "onnxruntime")
"""Packages that may change the numbers."""

DIGITS = 16  # of a checkpoint's digest


class ResultsFile:
    """One file of JSON lines; a line cut by a kill is passed over, and faults are tried again."""

    def __init__(self, path: Path, plan: EvaluationPlan, *, resume: bool) -> None:
        """Read what is there; nothing is written before `begin`.

        Raises:
            UsageError: If there is a file and it is not to be gone on with, or it is of another plan or policy.
        """
        self._path = path
        self._header = header_of(plan)
        self.known: dict[tuple[str, int], Outcome] = {}
        """Outcomes that need not be found out again, by family and number."""
        if path.exists() and not resume:
            raise UsageError(f"{path} is there already; add --resume to go on with it, or choose another name")
        lines = _whole_lines(path) if path.exists() else []
        if lines:
            self._check(lines[0])
            self.known = {outcome.key: outcome for outcome in map(self._outcome, lines[1:]) if outcome.kind != "fault"}

    def begin(self) -> None:
        """Write the file anew, without what was cut and without faults, and leave it open at its end."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self._path, b"".join(map(_line, [self._header, *map(to_mapping, self.known.values())])))
        self._file = self._path.open("ab", buffering=0)  # each line is one write: whole, or not there

    def add(self, outcome: Outcome) -> None:
        """Write an outcome."""
        self._file.write(_line(to_mapping(outcome)))

    def close(self) -> None:
        """Close it, if it was begun."""
        if hasattr(self, "_file"):
            self._file.close()

    def _check(self, header: dict[str, Any]) -> None:
        if header.get("evaluation") != FORMAT:
            raise UsageError(f"{self._path} is not a file of results that eval can go on with; choose another name")
        before, now = (_comparable(each) for each in (header, self._header))
        for name in sorted({*before, *now}):
            if before.get(name) != now.get(name):
                raise UsageError(
                    f"{self._path} was made with {name}={before.get(name)!r}, now it is {now.get(name)!r}; give the same "
                    "options (only the number of episodes and of workers may change), or choose another file"
                )

    def _outcome(self, line: dict[str, Any]) -> Outcome:
        try:
            return from_mapping(Outcome, line, source=str(self._path))
        except ConfigError as error:
            raise UsageError(f"{error}; the file was changed or is of another version, choose another name") from error


def header_of(plan: EvaluationPlan) -> dict[str, Any]:
    """Return the first line: the plan, the checkpoint by a digest of its files, the versions."""
    return {
        "evaluation": FORMAT,
        "plan": to_mapping(plan),
        "checkpoint": _digest(checkpoint_of(plan.policy)),
        "versions": {"vla_isaac": __version__, "python": platform.python_version(), **_versions()},
    }


def read_results(path: Path) -> tuple[dict[str, Any], list[Outcome]]:
    """Return the header and the outcomes of a file of results.

    Raises:
        UsageError: If it is none.
    """
    lines = _whole_lines(path)
    if not lines or lines[0].get("evaluation") != FORMAT:
        raise UsageError(f"{path} is not a file of results; they are written by: vla-isaac eval --out FILE")
    return lines[0], [from_mapping(Outcome, line, source=str(path)) for line in lines[1:]]


def _comparable(header: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same when an evaluation goes on; options that are new had their default."""
    defaults = to_mapping(EvaluationPlan(policy="scripted"))
    plan = {name: value for name, value in {**defaults, **header.get("plan", {})}.items() if name not in FREE}
    return {**plan, "checkpoint": header.get("checkpoint"), "versions": header.get("versions")}


def _digest(folder: Path | None) -> str | None:
    """Return a digest of the files a policy is made of, so that one trained anew under the same name is noticed."""
    if folder is None:
        return None
    digest = hashlib.sha256()
    for path in (folder / name for name in (CARD, ONNX, VOCABULARY) if (folder / name).is_file()):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:DIGITS]


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _line(value: dict[str, Any]) -> bytes:
    return (json.dumps(value) + "\n").encode()


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines, without one that a kill has cut.

    Raises:
        UsageError: If they are not JSON objects.
    """
    try:
        text = path.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as results ({error}); choose another name") from error
    if not all(isinstance(line, dict) for line in lines):
        raise UsageError(f"{path} is not a file of results: its lines are not JSON objects; choose another name")
    return lines
