"""The verdict on every use in every release, and the table that shows it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.isaac_api.recorded import FOREIGN, GUARDED, MISSING, RESOLVED, UNRECORDED, Finding, Release, load_releases
from tools.isaac_api.uses import Use, find_uses

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "isaac_api"
EXTRA = "VLA_ISAAC_API_DIR"  # names a folder with further releases


@dataclass(frozen=True)
class Row:
    """One use and what each release says about it."""

    use: Use
    findings: Mapping[str, Finding]

    @property
    def problems(self) -> list[str]:
        """What keeps the check from passing: a missing name, or an unrecorded one without a source."""
        where = f"{self.use.file}:{self.use.line}: {self.use.name}"
        bad = [f"{where}: missing in {v}: {f.note}" for v, f in self.findings.items() if f.status == MISSING]
        unknown = [v for v, f in self.findings.items() if f.status == UNRECORDED]
        if unknown and not self.use.source:
            bad.append(f"{where}: unrecorded in {', '.join(unknown)}; say where it is documented: # source: ...")
        return bad


def releases() -> dict[str, Release]:
    """Return the recorded releases of the repository and of the folder in VLA_ISAAC_API_DIR."""
    extra = os.environ.get(EXTRA)
    return load_releases(RECORDED, *([Path(extra)] if extra else []))


def check(files: Iterable[Path], known: Mapping[str, Release], root: Path = ROOT) -> list[Row]:
    """Return one row per use; what lies past the recorded types has none."""
    rows = [Row(use, _judged(use, known)) for use in find_uses(files, root)]
    said = ((row, {finding.status for finding in row.findings.values()}) for row in rows)
    return [row for row, statuses in said if FOREIGN not in statuses or RESOLVED in statuses]


def _judged(use: Use, known: Mapping[str, Release]) -> dict[str, Finding]:
    findings = {version: _best(use, release) for version, release in known.items()}
    judged = {version: _with_guards(use, known[version], finding) for version, finding in findings.items()}
    if all(finding.status in (GUARDED, MISSING) for finding in judged.values()):
        return findings  # no release has it: a guard hides a mistake
    return judged


def _best(use: Use, release: Release) -> Finding:
    """Return the finding of the meaning that this release has; a wrong call tells more than an absent name."""
    rank = {RESOLVED: 0, UNRECORDED: 2, MISSING: 3, FOREIGN: 4}
    findings = [release.resolve(path, use.call) for path in sorted(use.paths)]
    return min(findings, key=lambda f: 1 if f.status == MISSING and f.is_found else rank[f.status])


def _with_guards(use: Use, release: Release, finding: Finding) -> Finding:
    """Return `guarded` if the line is not reached, or its error is caught, where the name is missing."""
    is_elsewhere = bool(use.probed) and release.resolve(use.probed).status == MISSING
    caught = finding.trap == "name" and use.guards & _catching(use)
    is_unreached = not finding.is_found and use.has_guarded_import
    if finding.status == MISSING and (is_elsewhere or "if" in use.guards or caught or is_unreached):
        return Finding(GUARDED, finding.note, finding.trap, finding.is_found)
    if finding.status == UNRECORDED and is_elsewhere:
        return Finding(GUARDED, finding.note, finding.trap, finding.is_found)
    return finding


def _catching(use: Use) -> set[str]:
    return {"ImportError", "ModuleNotFoundError"} if use.kind == "import" else {"AttributeError"}


def table(rows: list[Row], known: Mapping[str, Release]) -> str:
    """Return the Markdown table: a row per use, a column per release, the totals on top."""
    totals = Counter(finding.status for row in rows for finding in row.findings.values())
    counts = ", ".join(f"{totals[status]} {status}" for status in (RESOLVED, GUARDED, MISSING, UNRECORDED))
    lines = [
        "# Our Isaac Sim calls, release by release",
        "",
        "Written by `python -m tools.isaac_api --write`; do not edit. Names and signatures were compared with recordings",
        "of each release, nothing here was run. *guarded*: absent there, and the code does not reach it or catches it.",
        "*unrecorded*: not in the recording; the last column says where it is documented.",
        "",
        f"{len(rows)} uses: {counts}.",
        "",
        f"| where | use | {' | '.join(known)} | source |",
        f"|---|---|{'---|' * (len(known) + 1)}",
    ]
    for row in rows:
        said = " | ".join(_cell(row.findings[version]) for version in known)
        line = f"| {row.use.file.removeprefix('vla_isaac/')} | `{row.use.name}` | {said} | {row.use.source} |"
        if line not in lines:  # one row per file and use, without line numbers: the table changes when the uses do
            lines.append(line)
    return "\n".join(lines) + "\n"


def _cell(finding: Finding) -> str:
    if finding.status == MISSING:
        return f"**missing**: {finding.note}"
    return "-" if finding.status == FOREIGN else finding.status
