"""The scripted expert: solves every task family from the true state; makes demonstrations and is the baseline."""
