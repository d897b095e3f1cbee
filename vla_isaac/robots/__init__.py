"""Constants of the Franka Panda with their sources, forward kinematics and Jacobian."""
