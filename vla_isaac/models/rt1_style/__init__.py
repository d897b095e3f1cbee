"""`rt1_style`: pictures to few tokens by what is said, a transformer over time that never looks ahead, binned actions."""
