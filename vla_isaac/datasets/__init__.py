"""Datasets of demonstrations: one episode model, several formats that read and write it."""
