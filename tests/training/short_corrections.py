"""Corrections of a few control periods each; a function of a module, so that workers can make them."""

from __future__ import annotations

from dataclasses import replace

from vla_isaac.collection import collector
from vla_isaac.training.dagger import CorrectionPlan, CorrectionWorker

STEPS = 8

set_stage = collector.set_stage


def short_correction_worker(plan: CorrectionPlan) -> CorrectionWorker:
    """Make a worker whose episodes end soon; in a process of its own, which nothing else shares."""
    collector.set_stage = _short
    return CorrectionWorker(plan)


def _short(*arguments):
    start = yield from set_stage(*arguments)
    return replace(start, max_steps=STEPS)
