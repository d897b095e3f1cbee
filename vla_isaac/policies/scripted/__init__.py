"""The expert that solves every task family from state: it makes demonstrations and is the baseline to compare with."""
