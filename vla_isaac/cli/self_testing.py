"""``vla-isaac run --self-test``: run the self-test of a backend, print its lines, write its report."""

from __future__ import annotations

from pathlib import Path

from vla_isaac.cli.colour import Colour, painted
from vla_isaac.cli.output import NOT_REACHED, OK, emit, note, say
from vla_isaac.cli.writable import check_writable
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.drive import drive

REPORT = Path("outputs") / "self_test"
"""Folder of the report unless another is given."""


def run_self_test(backend: Backend, folder: Path, *, wants_json: bool) -> int:
    """Run the self-test and return 0 if nothing fails, else 1."""
    from vla_isaac.self_test import examine, write_report  # loads the expert and the reference

    check_writable(folder)
    report = drive(examine(backend, lambda done, total, claim: note(f"{done + 1}/{total} {claim}")))
    path = write_report(report, folder)
    for result in report.results:
        colour: Colour = "red" if result.is_bad else "green" if result.measurement else "yellow"
        say(f"{painted(f'{result.status.value:13}', colour)} {result.check.id:18} {result.found}")
    say(painted(report.verdict, "red" if report.bad else "green"))
    say(f"report       {path} ({report.seconds:.0f} s); please post it with the file next to it")
    if wants_json:
        emit({**report.to_json(), "report": str(path)})
    return NOT_REACHED if report.bad else OK
