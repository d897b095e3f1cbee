"""Modules shared by several networks."""
