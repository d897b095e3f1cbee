"""HDF5 in robomimic's layout: ``data/demo_N`` with ``obs``, ``actions``, ``rewards``, ``dones``, ``states``."""

from vla_isaac.datasets.robomimic.reader import RobomimicReader
from vla_isaac.datasets.robomimic.writer import RobomimicWriter

__all__ = ["RobomimicReader", "RobomimicWriter"]
