"""Evaluation of policies: success rates, trials, paired comparison, and the benchmark of the loop."""

from vla_isaac.evaluation.evaluate import evaluate
from vla_isaac.evaluation.plan import EvaluationPlan
from vla_isaac.evaluation.report import EvaluationReport

__all__ = ["EvaluationPlan", "EvaluationReport", "evaluate"]
