"""PhysX on the CPU, through SAPIEN."""
