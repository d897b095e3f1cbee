"""Demonstrations: runs recorded as episodes, and experts set to work until there are enough of them."""
