"""Instruction reader: a small deterministic grammar that parses English into goals."""

from vla_isaac.tasks.language.reader import read_instruction
from vla_isaac.tasks.language.sample_sentences import examples

__all__ = ["examples", "read_instruction"]
