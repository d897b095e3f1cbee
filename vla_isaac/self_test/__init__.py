"""The self-test of a backend: builds a scene, checks what the code assumes about the simulator, writes one report."""

from vla_isaac.self_test.page import write_report
from vla_isaac.self_test.run import examine, self_test

__all__ = ["examine", "self_test", "write_report"]
