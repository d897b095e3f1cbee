"""`ResultsFile`: the outcomes of an evaluation in a journal, so that an interrupted one can be resumed.

The header has the options, a digest of the checkpoint, and the package versions.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vla_isaac import __version__
from vla_isaac.core.atomic_files import OutputLock
from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.core.input_files import reading
from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import EvaluationPlan
from vla_isaac.grounding.network import shipped_files
from vla_isaac.jobs.journal import Journal, check_same_plan, read_journal
from vla_isaac.models.text import FILE as VOCABULARY
from vla_isaac.policies.factory import checkpoint_of
from vla_isaac.policies.learned_checkpoint import FILE as CARD
from vla_isaac.policies.learned_checkpoint import ONNX

FORMAT = 1
FREE = ("episodes",)
"""Fields that may change when an evaluation is resumed."""

PACKAGES = ("numpy", "mujoco", "onnxruntime")
"""Packages that may change the numbers."""

OF_BACKEND = {"physx": ("sapien",)}
"""Further ones, by backend."""

DIGITS = 16  # of a checkpoint's digest
DESCRIPTIVE = b'"trained_on":'
"""A key of a checkpoint's card that does not affect the policy; older files without it can be resumed."""


class ResultsFile:
    """The journal of an evaluation; faults are tried again."""

    def __init__(self, path: Path, plan: EvaluationPlan, *, resume: bool) -> None:
        """Lock the file and read what is in it; nothing is written before `begin`.

        Raises:
            UsageError: If the file exists and `resume` is false, it is of another plan or policy, or another run writes it.
        """
        self._lock = OutputLock(path)
        try:
            self._read(path, plan, resume=resume)
        except BaseException:
            self._lock.release()
            raise

    def _read(self, path: Path, plan: EvaluationPlan, *, resume: bool) -> None:
        if path.exists() and not resume:
            raise UsageError(f"{path} exists already; add --resume to continue it, or choose another name")
        header = header_of(plan)
        self._journal = Journal(path, header)
        if (before := self._journal.old_header) is not None:
            if before.get("evaluation") != FORMAT:
                raise UsageError(f"{path} is not a file of results that eval can resume; choose another name")
            with reading(path, error=UsageError, remedy="choose another name"):
                compared = _comparable(before)
            check_same_plan(compared, _comparable(header), subject=f"{path} was made", free=FREE)
        outcomes = [self._outcome(line) for line in self._journal.results]
        self.known = {outcome.key: outcome for outcome in outcomes if outcome.kind != "fault"}
        """Outcomes of an earlier run, by family and number."""

    def begin(self) -> None:
        """Write the file again, without incomplete lines and faults, and keep it open."""
        self._journal.begin(map(to_mapping, self.known.values()))

    def add(self, outcome: Outcome) -> None:
        """Write an outcome."""
        self._journal.add(to_mapping(outcome))

    def close(self) -> None:
        """Close it, if it was begun, and release its lock."""
        self._journal.close()
        self._lock.release()

    def _outcome(self, line: dict[str, Any]) -> Outcome:
        try:
            return _read_outcome(line, self._journal.path)
        except ConfigError as error:
            raise UsageError(f"{error}; the file was changed or is of another version, choose another name") from error


def header_of(plan: EvaluationPlan) -> dict[str, Any]:
    """Return the first line: the plan, the checkpoint by a digest of its files, the versions."""
    checkpoint = checkpoint_of(plan.policy)
    options = {name: value for name, value in to_mapping(plan).items() if name != "sentences" or value is not None}
    return {
        "evaluation": FORMAT,
        "plan": options,
        "checkpoint": _digest(_policy_files(checkpoint)) if checkpoint else None,
        **({"grounding": _digest(shipped_files())} if checkpoint else {}),
        "versions": {"vla_isaac": __version__, "python": platform.python_version(), **_versions(plan.backend)},
    }


def read_results(path: Path) -> tuple[dict[str, Any], list[Outcome]]:
    """Return the header and the outcomes of a file of results.

    Raises:
        UsageError: If it is not a file of results.
    """
    lines = read_journal(path)
    if not lines or lines[0].get("evaluation") != FORMAT:
        raise UsageError(f"{path} is not a file of results; they are written by: vla-isaac eval --out FILE")
    return lines[0], [_read_outcome(line, path) for line in lines[1:]]


def _read_outcome(line: dict[str, Any], path: Path) -> Outcome:
    """Return the outcome of a line.

    Raises:
        ConfigError: If a field is missing, of another type or negative, or an episode that counts has no success.
    """
    found = from_mapping(Outcome, line, source=str(path))
    counts = ("number", "seed", "steps", "sim_seconds", "moved_by_cm", "moved_at_step")
    wrong = [name for name in counts if (getattr(found, name) or 0) < 0]
    if (found.kind == "episode") != (found.success is not None):
        wrong.append("success")
    if wrong:
        raise ConfigError(
            f"{path}: {wrong[0]}={getattr(found, wrong[0])} is not accepted in an outcome of kind {found.kind!r}"
        )
    return found


def _comparable(header: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that must be equal to resume an evaluation; options missing in old files have their default."""
    defaults = to_mapping(EvaluationPlan(policy="scripted"))
    kept = {name: header.get(name) for name in ("checkpoint", "grounding", "versions")}
    return {**defaults, **header.get("plan", {}), **kept}


def _policy_files(folder: Path) -> list[Path]:
    return [folder / name for name in (CARD, ONNX, VOCABULARY) if (folder / name).is_file()]


def _digest(files: Sequence[Path]) -> str:
    """Return a digest of the files of a policy or of the grounding network, so that a retrained one is detected."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        with reading(path, error=UsageError, remedy="copy the checkpoint again"), path.open("rb") as file:
            for line in file:
                if path.name != CARD or not line.strip().startswith(DESCRIPTIVE):
                    digest.update(line)
    return digest.hexdigest()[:DIGITS]


def _versions(backend: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in (*PACKAGES, *OF_BACKEND.get(backend, ())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found
