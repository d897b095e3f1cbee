"""What the ledger lacks, and what it names that does not exist."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cache

from tools.isaac_beliefs.members import ROOT, simulated_members, statements, static_names
from tools.isaac_guards.guards import GUARDS
from vla_isaac.backends.isaac.beliefs import Belief

MOST_ASSUMED = 10
"""Rows without a source that the ledger may have."""


def problems(ledger: Mapping[str, Belief]) -> list[str]:
    """Return everything that keeps the ledger from being complete and true to this repository."""
    rows, required = list(ledger.values()), _required()
    found = [
        *_compared("simulated member", _named(rows, "simulated"), required.members, required.all_members),
        *_compared("name", _named(rows, "names"), required.names),
        *_compared("statement", _named(rows, "stated_in"), required.statements),
        *_compared("guard", [row.guard for row in rows if row.guard], set(GUARDS), once=False),
    ]
    for row in rows:
        found += [f"{row.id}: there is no file {file}" for file in row.code if not (ROOT / file).is_file()]
        found += [f"{row.id}: there is no {source}" for source in row.sources if _is_missing_here(source)]
        if row.test is not None and not has_test(row.test):
            found.append(f"{row.id}: there is no test {row.test}")
        if row.kind != "choice" and any(entry.endswith(":*") for entry in row.stated_in):
            found.append(f"{row.id}: only a row of the kind 'choice' may take a whole file")
        if row.is_assumed and row.self_test is None:
            found.append(f"{row.id} is assumed and no check of the self-test looks at it")
    assumed = [row.id for row in rows if row.is_assumed]
    if len(assumed) > MOST_ASSUMED:
        found.append(f"{len(assumed)} rows are assumed, at most {MOST_ASSUMED} may be: {', '.join(assumed)}")
    return found


@dataclass(frozen=True)
class _Required:
    members: Set[str]
    all_members: Set[str]
    names: Set[str]
    statements: Set[str]


@cache
def _required() -> _Required:
    """Read the sources once: they do not change while this runs."""
    return _Required(simulated_members(), simulated_members(with_harness=True), static_names(), statements())


def _named(rows: Iterable[Belief], field: str) -> list[str]:
    return [name for row in rows for name in getattr(row, field)]


def _compared(
    what: str, named: list[str], required: Set[str], known: Set[str] | None = None, *, once: bool = True
) -> list[str]:
    whole_files = tuple(name.removesuffix("*") for name in named if name.endswith(":*"))
    lacking = sorted(name for name in required - set(named) if not name.startswith(whole_files or "\0"))
    unknown = sorted({name for name in named if not name.endswith(":*")} - (known or required))
    twice = sorted(name for name, count in Counter(named).items() if count > 1 and once)
    return [
        *(f"no row for the {what} {name}" for name in lacking),
        *(f"there is no {what} {name}" for name in unknown),
        *(f"two rows for the {what} {name}" for name in twice),
    ]


def _is_missing_here(source: str) -> bool:
    """Return whether a source in this project names a file that does not exist."""
    if not source.startswith("this project, "):
        return False
    return not (ROOT / source.removeprefix("this project, ").partition(": ")[0]).is_file()


def has_test(node: str) -> bool:
    """Return whether a pytest node id names a file, and a test function in it if it names one."""
    file, _, function = node.partition("::")
    return (ROOT / file).is_file() and (not function or function in _tests_of(file))


@cache
def _tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
