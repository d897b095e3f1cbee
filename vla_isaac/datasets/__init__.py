"""Demonstrations on disk: one episode model, several formats that read and write it."""
