"""`rt1_style`: pictures to few tokens conditioned on the sentence, a causal transformer over time, binned actions."""
