"""LeRobot dataset v3.0, read and written without the package lerobot."""
