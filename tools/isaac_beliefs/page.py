"""The ledger as a page of the documentation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from vla_isaac.backends.isaac.beliefs import ASSUMED, Belief

SECTION = re.compile(r"# -{8,} (.+)")


def sections(text: str) -> dict[str, str]:
    """Return the heading above each row of the YAML file, by the row's id."""
    heading, found = "", {}
    for line in text.splitlines():
        title = SECTION.fullmatch(line)
        heading = title[1] if title else heading
        if line.startswith("- id: "):
            found[line.removeprefix("- id: ")] = heading
    return found


def page(ledger: Mapping[str, Belief], text: str) -> str:
    """Return the page in Markdown.

    Args:
        ledger: The rows.
        text: The YAML file, for its headings.
    """
    rows = list(ledger.values())
    kinds = Counter(_kind_of_source(row) for row in rows)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ("in a source", "own choice", ASSUMED))
    lines = [
        "# What is believed about Isaac Sim",
        "",
        "Written by `python -m tools.isaac_beliefs --write` from `config/isaac/beliefs.yaml`; do not edit.",
        "",
        "Nobody could run Isaac Sim while this was written. Each row is a behavior that the backend, the extension or the",
        "simulated Isaac Sim of the tests relies on, and where it was read: NVIDIA's repository by tag, file and lines, a",
        f"wheel, a manual, or *{ASSUMED}* where no source was found. Releases that a row names and its sources do not are",
        "inferred from those next to them. The self-test on a machine that has Isaac Sim checks what can be measured there.",
        "",
        f"{len(rows)} rows: {counts}. They cover {_total(rows, 'simulated')} members of the simulated Isaac Sim,",
        f"{_total(rows, 'names')} names of Isaac Sim, Kit and OpenUSD in the package, and {_total(rows, 'stated_in')}",
        "constants, numbers and contracts in its code; `tests/backends/isaac/test_beliefs.py` keeps that complete.",
        "",
        "## Assumed",
        "",
        "| Row | Belief | Why | Self-test |",
        "|---|---|---|---|",
        *(f"| [{r.id}](#{r.id}) | {_cell(r.belief)} | {_cell(r.why)} | {r.self_test} |" for r in rows if r.is_assumed),
    ]
    headings, heading = sections(text), ""
    for row in rows:
        if headings[row.id] != heading:
            heading = headings[row.id]
            lines += ["", f"## {heading[:1].upper()}{heading[1:]}"]
        lines += ["", *_row(row)]
    return "\n".join(lines) + "\n"


def _row(row: Belief) -> list[str]:
    lines = [f"### {row.id}", "", f"{row.belief} *{row.kind}; {row.releases}.*", ""]
    if row.why:
        lines += [row.why, ""]
    lines += [f"- Source: {'; '.join(map(_source, row.sources))}"]
    if row.code:
        lines += [f"- Code: {', '.join(f'`{file}`' for file in row.code)}"]
    checks = [f"guard *{row.guard}*"] if row.guard else []
    checks += [f"test `{row.test}`"] if row.test else []
    checks += [f"self-test *{row.self_test}*"] if row.self_test else []
    return [*lines, *([f"- Checked by: {', '.join(checks)}"] if checks else [])]


def _source(source: str) -> str:
    """Return a source, with a link where it is in NVIDIA's repository."""
    found = re.fullmatch(r"(isaac-sim/IsaacSim) (v[\w.-]+) ([^:]+)(?::(\d+)(?:-(\d+))?(.*))?", source)
    if found is None:
        return f"*{source}*" if source == ASSUMED else source
    repository, tag, path, first, last, more = found.groups()
    lines = f"#L{first}" + (f"-L{last}" if last else "") if first else ""
    shown = f":{first}{f'-{last}' if last else ''}{more or ''}" if first else ""
    return f"[{tag} {Path(path).name}{shown}](https://github.com/{repository}/blob/{tag}/{path}{lines})"


def _kind_of_source(row: Belief) -> str:
    return ASSUMED if row.is_assumed else "own choice" if row.kind == "choice" else "in a source"


def _total(rows: Iterable[Belief], field: str) -> int:
    return sum(len(getattr(row, field)) for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
