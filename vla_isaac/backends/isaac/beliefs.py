"""`beliefs`: the ledger of what this project believes about Isaac Sim, from ``config/isaac/beliefs.yaml``.

A row is a behaviour that the backend, the extension or the simulated Isaac relies on, with its source. Nobody could run
Isaac Sim while this was written, so a belief is read in NVIDIA's sources, or it is `assumed` and says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.resources import resource
from vla_isaac.core.yaml_files import read_yaml

Kind = Literal[
    "name", "number", "unit", "clock", "order", "ownership", "tensor", "picture", "asset", "drive", "setting", "choice"
]

ASSUMED = "assumed"
"""The source of a belief for which none was found."""

_PATH = r"[\w.{}+/-]+"
_LINES = r"(?::\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)?"
SOURCES = {
    "repository": rf"[\w.-]+/[\w.-]+ (?:v[\w.-]+|main|[0-9a-f]{{7,40}}) {_PATH}{_LINES}",
    "issue": r"isaac-sim/\w+ (?:issue|pull request) \d+",
    "wheel": rf"6\.2 wheel [\w.-]+(?: {_PATH}{_LINES})? \(audit\)",
    "manual": r"(?:Kit manual|Isaac Sim documentation|Carbonite SDK|Warp documentation), .+",
    "standard": r"OpenUSD(?:, .+)?",
    "here": rf"this project, {_PATH}(?:: .+)?",
    "assumed": ASSUMED,
}
"""Accepted forms of a source; several are separated by a semicolon."""


@dataclass(frozen=True, kw_only=True)
class Belief:
    """One row of the ledger."""

    id: str
    """Lasting name, in small letters with hyphens."""

    belief: str
    """What is believed, in one sentence."""

    kind: Kind
    """What it is about; `choice` is a number of this project that rests on no behaviour of Isaac Sim."""

    releases: str
    """Releases for which it is believed, such as ``4.5 to 6.2``."""

    source: str
    """Where it was read, see `SOURCES`; exactly `assumed` where no source was found."""

    why: str = ""
    """With `assumed`: what was looked for and what speaks for the belief; else what the source leaves open."""

    code: tuple[str, ...] = ()
    """Files of this project that rely on it."""

    guard: str | None = None
    """Guard that protects from it, a name in ``tools/isaac_guards/guards.py``."""

    test: str | None = None
    """Test that fails without it, as pytest's node id."""

    self_test: str | None = None
    """Check of the self-test on a machine that has Isaac Sim."""

    simulated: tuple[str, ...] = ()
    """Members of ``tests/simulated_isaac`` that behave by it, as ``module.Class.member``."""

    names: tuple[str, ...] = ()
    """Names of Isaac Sim, Kit and OpenUSD in the package that rest on it, as ``python -m tools.isaac_api`` lists them."""

    stated_in: tuple[str, ...] = ()
    """Constants of the package that state it, as ``file:NAME``, numbers in its expressions, as ``file:1e-09``, and methods
    of the ports whose contract states a unit, a clock or an order, as ``file:RobotPort.set_gains``."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ConfigError(f"id {self.id!r} is not accepted", remedy="use small letters, digits and hyphens")
        for source in self.sources:
            if not any(re.fullmatch(form, source) for form in SOURCES.values()):
                raise ConfigError(
                    f"{self.id}: the source {source!r} has none of the accepted forms",
                    remedy="give 'isaac-sim/IsaacSim v5.1.0 path/of/file.py:12', see SOURCES in beliefs.py, or 'assumed'",
                )
        if self.is_assumed and not self.why:
            raise ConfigError(f"{self.id} is assumed without a reason", remedy="say in 'why' where you looked")

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources, one by one."""
        return tuple(self.source.split("; "))

    @property
    def is_assumed(self) -> bool:
        """Whether no source was found."""
        return ASSUMED in self.sources


@cache
def beliefs() -> dict[str, Belief]:
    """Return every row by its id, in the order of the file.

    Raises:
        ConfigError: If the file is broken, or two rows have one id.
    """
    path = resource("config", "isaac", "beliefs.yaml")
    found: dict[str, Belief] = {}
    for number, row in enumerate(read_yaml(path) or ()):
        belief = from_mapping(Belief, row, source=str(path), key=f"row {number + 1}")
        if belief.id in found:
            raise ConfigError(f"{path}: two rows have the id {belief.id!r}", remedy="rename one of them")
        found[belief.id] = belief
    return found
