"""LeRobot dataset v2.1, one file per episode, with the additional files that GR00T requires."""
