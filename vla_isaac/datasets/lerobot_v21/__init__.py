"""LeRobot dataset v2.1, one file per episode, with what GR00T wants beside it."""
