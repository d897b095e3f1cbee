"""The checks of the self-test, by group."""
