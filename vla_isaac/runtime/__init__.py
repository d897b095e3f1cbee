"""The control loop: observe, act, convert, step, check; and its subscribers."""
