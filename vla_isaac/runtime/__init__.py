"""The loop: observe, act, convert, step, check; and those who watch it."""
