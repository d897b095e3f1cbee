"""What you do with the loop to learn how good and how fast things are."""

from vla_isaac.evaluation.evaluate import evaluate
from vla_isaac.evaluation.plan import EvaluationPlan
from vla_isaac.evaluation.report import EvaluationReport

__all__ = ["EvaluationPlan", "EvaluationReport", "evaluate"]
