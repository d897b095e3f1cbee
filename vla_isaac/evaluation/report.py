"""`EvaluationReport`: the results of an evaluation, with a confidence interval for every rate."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vla_isaac.evaluation.outcome import DECLINED, Outcome
from vla_isaac.evaluation.plan import EvaluationPlan
from vla_isaac.runtime.result import summary


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """All outcomes of a plan, in the order of families and seeds."""

    plan: EvaluationPlan
    outcomes: tuple[Outcome, ...]
    wall_seconds: float
    """Time of this run [s], without resumed episodes."""

    @property
    def episodes(self) -> tuple[Outcome, ...]:
        """Return the outcomes that count."""
        return tuple(outcome for outcome in self.outcomes if outcome.kind == "episode")

    @property
    def impossible(self) -> tuple[Outcome, ...]:
        """Return the seeds whose layout does not allow the task."""
        return tuple(outcome for outcome in self.outcomes if outcome.kind == "impossible_layout")

    @property
    def faults(self) -> tuple[Outcome, ...]:
        """Return the attempts that ended with a fault of the simulator or the machine; they do not depend on the policy."""
        return tuple(outcome for outcome in self.outcomes if outcome.kind == "fault")

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what is missing from the requested episodes, as text."""
        found = [
            f"{fault.task}, seed {fault.seed}: {fault.reason} (not counted; --resume tries it again)"
            for fault in self.faults
        ]
        for task in self.plan.tasks:
            there = sum(outcome.task == task for outcome in (*self.episodes, *self.faults))
            impossible = [outcome for outcome in self.impossible if outcome.task == task]
            if there < self.plan.episodes and impossible:
                found.append(
                    f"{task} has {there} of {self.plan.episodes} episodes: {len(impossible)} of {self.plan.max_tries} seeds "
                    f"are impossible, the last because {impossible[-1].reason}"
                )
        return tuple(found)

    @property
    def is_complete(self) -> bool:
        """Return whether every family has all its episodes."""
        return len(self.episodes) == self.plan.episodes * len(self.plan.tasks)

    def of_task(self, task: str) -> dict[str, Any]:
        """Return the figures of one family."""
        return self._figures([outcome for outcome in self.outcomes if outcome.task == task])

    @property
    def total(self) -> dict[str, Any]:
        """Return the figures of all families together."""
        return self._figures(self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """Return the keys of ``eval --json``."""
        plan = self.plan
        seeds = [outcome.seed for outcome in self.outcomes] or [plan.seed]
        return {
            **self.total,
            "by_task": {task: self.of_task(task) for task in plan.tasks},
            "policy": plan.policy,
            "backend": plan.backend,
            "scene": plan.scene,
            "randomisation": plan.randomisation,
            "trial": plan.trial,
            "wording": plan.wording,
            **({"sentences_file": plan.sentences} if plan.sentences else {}),
            "seeds": [min(seeds), max(seeds)],
            "wall_seconds": round(self.wall_seconds, 3),
        }

    def _figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        episodes = [outcome for outcome in outcomes if outcome.kind == "episode"]
        counted = summary(episodes)
        del counted["seeds"]
        steps = [outcome.steps for outcome in episodes if outcome.success]
        return {
            **counted,
            "failures": dict(sorted(counted["failures"].items(), key=lambda item: (-item[1], item[0]))),
            "median_steps": statistics.median(steps) if steps else None,
            "impossible": sum(outcome.kind == "impossible_layout" for outcome in outcomes),
            "faults": sum(outcome.kind == "fault" for outcome in outcomes),
            **self._of_trial(episodes),
        }

    def _of_trial(self, episodes: Sequence[Outcome]) -> dict[str, Any]:
        """Return the figures of a single trial."""
        count = len(episodes)
        if self.plan.trial == "no_instruction":
            return {"declined_rate": _share(sum(outcome.failure == DECLINED for outcome in episodes), count)}
        if self.plan.trial == "wrong_instruction":
            return {"original_rate": _share(sum(bool(outcome.original_reached) for outcome in episodes), count)}
        if self.plan.trial == "moved":
            return {"moved": sum(outcome.moved_by_cm is not None for outcome in episodes)}
        return {}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
