"""`check_one_file`: an exported model that takes its weights from other files is refused.

ONNX can keep the numbers of a tensor in another file, whose path is in the model. onnxruntime 1.23.0 opens any path, also
absolute ones and those with ``..``, so that a model of somebody else can read every file of this machine; 1.32.0 stays in
the model's folder (both measured). Our export writes one file.
Source: onnx/onnx, `onnx.proto`, `TensorProto.external_data`, `StringStringEntryProto`.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from vla_isaac.core.errors import ConfigError

_LOCATION = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
"""The key of the path as Protocol Buffers write it: field 1, 8 bytes, and the same numbers in their longer forms.

A tensor called ``location`` looks the same; our export gives no such name.
"""


def check_one_file(path: Path) -> None:
    """Raise before onnxruntime reads a model that names other files.

    Raises:
        ConfigError: If it does.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as model:
        if _LOCATION.search(model):
            raise ConfigError(
                f"{path}: takes weights from other files (external_data), which could be any file of this machine",
                remedy=f"accepted is a model in one file; make it with: vla-isaac export {path.parent}",
            )
