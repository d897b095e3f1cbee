"""``vla-isaac eval``: success rate of a policy by task family, with confidence intervals."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import UseAppendAction, arg

from vla_isaac.cli.option_names import in_options
from vla_isaac.cli.options import OptionalInt, OptionalName, OptionalPath, Seconds, check_counts_and_seed
from vla_isaac.cli.output import FAULT, NOT_REACHED, OK, emit, note, say
from vla_isaac.cli.progress import ProgressBar
from vla_isaac.cli.writable import check_writable
from vla_isaac.core.atomic_files import write_bytes
from vla_isaac.core.errors import UsageError, VlaIsaacError
from vla_isaac.evaluation import EvaluationPlan, EvaluationReport, evaluate
from vla_isaac.evaluation.reading import SURE, ReadingReport, figures, measure_reading
from vla_isaac.evaluation.sentence_tasks import sentences_by_family
from vla_isaac.grounding.said_sentences import read_sentences
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.result import End

Tasks = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="FAMILY")]]


@dataclass(frozen=True, kw_only=True)
class Eval:
    """Run a policy on many sampled tasks and report its success rate with a 95 % interval.

    For example: vla-isaac eval --policy scripted --task place_on --task lift --episodes 200 --out results.jsonl
    """

    policy: OptionalName = None
    """The policy (see: vla-isaac list policies), a checkpoint folder, FILE.py:CLASS or PACKAGE.MODULE:CLASS. The default is
    the scripted expert."""

    task: Tasks = ()
    """A family (see: vla-isaac list tasks); repeat the option for several. Default: all."""

    episodes: int = 50
    """Episodes per family."""

    seed: int = 900_000
    """The first seed of every family."""

    scene: OptionalName = None
    """Scene preset or YAML file; the default is each family's scene."""

    randomisation: str = "layout"
    """Randomisation by seed: none, layout, full, or a YAML file."""

    backend: Literal["mujoco", "physx", "stub"] = "mujoco"
    """Where."""

    wording: Literal["plain", "training", "held_out"] = "plain"
    """Instructions: the family's default, training templates, or held-out templates."""

    trial: Literal["usual", "wrong_instruction", "no_instruction", "blackened", "moved"] = "usual"
    """Change to the policy's input or the scene: none, another goal of the same scene, an empty instruction, black images,
    or the object moved while the hand approaches it."""

    sentences: OptionalPath = None
    """A file of sentences with their goals (tab-separated: id, style, scene, goal, sentence), for example of
    config/language/corpus: counts how many are understood and, with --policy, how many the policy does."""

    must_act: bool = False
    """Make a policy act even on objects that it does not recognise, instead of declining; a baseline without vision."""

    max_steps: OptionalInt = None
    """Control periods allowed per episode; the default is the family's limit."""

    policy_timeout: Seconds = POLICY_TIMEOUT
    """Seconds that each of the policy's answers after its first one may take; then the episode ends. 0 waits for ever."""

    workers: int = 2
    """Number of processes; the results are the same for any number."""

    out: OptionalPath = None
    """File for one JSON line per episode, written as the episodes end."""

    resume: bool = False
    """Continue the file of an earlier run with the same options."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Evaluate and print a report."""
        self._check()
        if self.sentences is not None and self.policy is None:
            return self._read(self.sentences)
        bar = ProgressBar("eval")
        try:
            report = evaluate(
                self._plan(),
                out=self.out,
                num_workers=self.workers,
                resume=self.resume,
                progress=bar,
                policy_timeout=self.policy_timeout,
            )
        except KeyboardInterrupt:
            bar.close()
            if self.out is not None:
                note(f"{self.out} holds the finished episodes; run the same command with --resume to continue")
            raise
        finally:
            bar.close()
        return self._report(report)

    def _check(self) -> None:
        check_counts_and_seed(self, "episodes", "workers")
        if self.resume and self.out is None:
            raise UsageError("--resume needs the file of the earlier run; add --out FILE")
        if self.out is not None:
            if self.out.is_dir():
                raise UsageError(f"--out {self.out} is a folder; give a file, for example {self.out / 'results.jsonl'}")
            check_writable(self.out.parent)

    def _plan(self) -> EvaluationPlan:
        try:
            return EvaluationPlan(
                policy=self.policy or "scripted",
                sentences=None if self.sentences is None else str(self.sentences),
                tasks=self._tasks(),
                episodes=self.episodes,
                seed=self.seed,
                scene=self.scene,
                randomisation=self.randomisation,
                backend=self.backend,
                wording=self.wording,
                trial=self.trial,
                must_act=self.must_act,
                max_steps=self.max_steps,
            )
        except VlaIsaacError as error:
            raise UsageError(in_options(error)) from error

    def _tasks(self) -> tuple[str, ...]:
        """Return the families, each once; of a file of sentences all that it has unless some are given."""
        named = tuple(dict.fromkeys(self.task))
        return named if named or self.sentences is None else tuple(sentences_by_family(str(self.sentences)))

    def _read(self, path: Path) -> int:
        """Count how many sentences of a file are understood."""
        given = [
            f"--{f.name.replace('_', '-')}"
            for f in fields(self)
            if f.name not in READS and getattr(self, f.name) != f.default
        ]
        if given:
            raise UsageError(
                f"{', '.join(given)} has no effect where sentences are only read; add --policy NAME to have them done, or "
                "leave it out"
            )
        if self.out is not None and self.out.exists():
            raise UsageError(f"{self.out} exists already; choose another name")
        report = measure_reading(read_sentences(path), seed=self.seed)
        for line in reading_table(report):
            say(line)
        if self.out is not None:
            lines = [json.dumps(one.to_json(), ensure_ascii=False) + "\n" for one in report.read]
            write_bytes(self.out, "".join(lines).encode())
            say(f"results      {self.out}")
        if self.json:
            emit({"sentences_file": str(path), **report.to_json()})
        return OK

    def _report(self, report: EvaluationReport) -> int:
        for line in table(report):
            say(line)
        failed = [outcome for outcome in report.outcomes if outcome.failure == End.POLICY_FAILED.value]
        if failed:
            note(f"the policy failed, first in {failed[0].task}, seed {failed[0].seed}: {failed[0].reason}")
        for problem in report.problems:
            note(f"error: {problem}" if report.faults else problem)
        if self.out is not None:
            say(f"results      {self.out}")
        if self.json:
            emit(report.to_json())
        if report.faults:
            return FAULT
        return OK if report.is_complete else NOT_REACHED


HEADINGS = ("family", "successes", "rate", "95 % interval", "median steps", "most frequent failure")


def table(report: EvaluationReport) -> list[str]:
    """Return the lines of a table: a row per family, a row for all, and the remarks of the trial."""
    plan, total = report.plan, report.total
    rows = [HEADINGS, *(_row(task, report.of_task(task)) for task in plan.tasks), _row("total", total)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(_cell(column, row[column], widths[column]) for column in range(len(row))).rstrip() for row in rows]
    lines.insert(-1, "-" * max(map(len, lines)))
    about = (
        f"{plan.policy} on {plan.backend}, randomisation {plan.randomisation}, wording {plan.wording}, trial {plan.trial}"
    )
    return [about, *lines, *_remarks(total)]


READS = ("sentences", "seed", "out", "json", "policy")
"""Options that count where sentences are only read."""

READING_HEADINGS = ("sentences", "can be done", "right", "wrong", "refused", "cannot", "of them refused")


def reading_table(report: ReadingReport) -> list[str]:
    """Return the lines of a table: a row for each group of sentences, and the calibration."""
    rows: list[tuple[str, ...]] = [READING_HEADINGS]
    for kind, name, read in report.groups():
        found = figures(read)
        right = f"{found['right']}{_percent(found['right'], found['sentences'])}"
        refused = (
            f"{found['cannot_refused']}{_percent(found['cannot_refused'], found['cannot'])}" if found["cannot"] else "-"
        )
        label = name if kind == "all" else f"{kind} {name}"
        counts = (str(found[key]) for key in ("wrong", "refused", "cannot"))
        rows.append((label, str(found["sentences"]), right, *counts, refused))
    widths = [max(len(row[column]) for row in rows) for column in range(len(READING_HEADINGS))]
    lines = ["  ".join(_aligned(cell, column, widths[column]) for column, cell in enumerate(row)) for row in rows]
    sure = report.calibration()
    lines.append(f"of {sure['readings']} readings of the network with confidence from {SURE}, {sure['right']} are right")
    return lines


def _aligned(cell: str, column: int, width: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)


def _percent(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} %)" if whole else ""


def _row(name: str, figures: dict[str, Any]) -> tuple[str, ...]:
    rate, failures = figures["success_rate"], figures["failures"]
    if rate is None:
        return name, f"{figures['successes']}/{figures['episodes']}", "-", "-", "-", "-"
    low, high = figures["wilson95"]
    steps = figures["median_steps"]
    commonest = next((f"{failure} ({count})" for failure, count in failures.items()), "-")
    return (
        name,
        f"{figures['successes']}/{figures['episodes']}",
        f"{100 * rate:.1f} %",
        f"{100 * low:.1f} to {100 * high:.1f} %",
        "-" if steps is None else f"{steps:g}",
        commonest,
    )


def _cell(column: int, text: str, width: int) -> str:
    return text.rjust(width) if 0 < column < len(HEADINGS) - 1 else text.ljust(width)


def _remarks(total: dict[str, Any]) -> list[str]:
    lines = []
    if total.get("original_rate") is not None:
        lines.append(f"the original goal, which was not requested, was reached in {100 * total['original_rate']:.1f} %")
    if total.get("declined_rate") is not None:
        lines.append(f"declined in {100 * total['declined_rate']:.1f} %")
    if "moved" in total:
        lines.append(f"the object was moved in {total['moved']} of {total['episodes']} episodes")
    if total["impossible"]:
        lines.append(f"{total['impossible']} seeds were skipped: their layout does not allow the task")
    if total["faults"]:
        lines.append(f"{total['faults']} attempts were lost to faults and are not counted")
    return lines
