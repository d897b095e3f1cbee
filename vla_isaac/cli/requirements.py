"""`Requirement`: the packages that this one declares in its metadata, by extra, with the accepted versions."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PACKAGE = "vla_isaac"

_LINE = re.compile(r"(?P<name>[\w.-]+)\s*(\[[^]]*\])?\s*\(?(?P<bounds>[^;()]*)\)?\s*(;(?P<marker>.*))?")
_BOUND = re.compile(r"(>=|<=|==|!=|<|>)\s*([\w.]+)")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_PYTHON = re.compile(r"python_version\s*(>=|<=|==|!=|<|>)\s*['\"]([\d.]+)['\"]")


@dataclass(frozen=True)
class Requirement:
    """One package that an extra requires."""

    name: str
    """Distribution name, such as ``"pyarrow"``."""

    extra: str = ""
    """Extra that requires it; empty if it is always required."""

    bounds: tuple[tuple[str, str], ...] = ()
    """Comparisons that a version has to fulfil, such as ``((">=", "3.3.7"), ("<", "5"))``."""

    def accepts(self, version: str) -> bool:
        """Return whether a version is within the bounds."""
        return all(_compare(version, *bound) for bound in self.bounds)

    @property
    def range(self) -> str:
        """Return the bounds as text, such as ``">=3.3.7,<5"``."""
        return ",".join(f"{operator}{version}" for operator, version in self.bounds)


def declared_requirements() -> list[Requirement]:
    """Return what the metadata of this package declares; empty where it has none, as in an Isaac Sim extension folder."""
    try:
        return list(parse_requirements(importlib.metadata.requires(PACKAGE) or ()))
    except importlib.metadata.PackageNotFoundError:
        return []


def declared_extras() -> list[str]:
    """Return the names of the extras, in alphabetical order."""
    try:
        return sorted(importlib.metadata.metadata(PACKAGE).get_all("Provides-Extra") or ())
    except importlib.metadata.PackageNotFoundError:
        return []


def parse_requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    """Yield the requirements of ``Requires-Dist`` lines that apply to this Python."""
    python = "{}.{}".format(*sys.version_info)
    for line in lines:
        found = _LINE.match(line)
        marker = (found["marker"] if found else "") or ""
        if found is None or not all(_compare(python, *bound) for bound in _PYTHON.findall(marker)):
            continue
        extra = _EXTRA.search(marker)
        bounds = sorted(_BOUND.findall(found["bounds"]), key=lambda bound: bound[0], reverse=True)
        yield Requirement(found["name"], extra[1] if extra else "", tuple(bounds))


def _compare(version: str, operator: str, bound: str) -> bool:
    """Compare by release numbers; ``5.0rc1`` counts as 5.0, which ``<5`` excludes, as pip does."""
    left, right = _numbers(version), _numbers(bound)
    width = max(len(left), len(right))
    left, right = left + (0,) * (width - len(left)), right + (0,) * (width - len(right))
    results = {">=": left >= right, "<=": left <= right, "==": left == right, "!=": left != right}
    return {**results, "<": left < right, ">": left > right}[operator]


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in release[0].split(".")) if release else ()
