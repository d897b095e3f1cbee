"""What a trial does to a policy to find out what it relies on, a file for each value of `EvaluationPlan.trial`."""
