"""Our LeRobot datasets in LeRobot's own hands, and its in ours; needs an environment of its own."""
