"""Franka facts with their sources, forward kinematics and Jacobian."""
