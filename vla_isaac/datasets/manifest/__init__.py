"""The manifest format: ``manifest.json``, a list of steps with an image, an instruction and an action each."""

from vla_isaac.datasets.manifest.reader import ManifestReader
from vla_isaac.datasets.manifest.writer import ManifestWriter

__all__ = ["ManifestReader", "ManifestWriter"]
