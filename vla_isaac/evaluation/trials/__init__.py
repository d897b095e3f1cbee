"""Trials: changes of input or scene that show what a policy relies on; one file per value of `EvaluationPlan.trial`."""
