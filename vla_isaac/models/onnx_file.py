"""`check_one_file`: refuse an exported model that takes its weights from other files.

ONNX can store a tensor in another file, whose path is in the model. onnxruntime 1.23.0 opens any path, including absolute
paths and ``..``, so an untrusted model can read every file of this machine; 1.32.0 is limited to the folder of the
model (both measured). `vla-isaac export` writes one file.
Source: onnx/onnx, `onnx.proto`, `TensorProto.external_data`, `StringStringEntryProto`.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from vla_isaac.core.errors import ConfigError

_LOCATION = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
"""The key of the path in Protocol Buffers encoding: field 1, 8 bytes, and its longer encodings.

A tensor called ``location`` looks the same; the exporter never uses that name.
"""


def check_one_file(path: Path) -> None:
    """Raise if a model names other files; call it before onnxruntime reads the model.

    Raises:
        ConfigError: If the model names other files.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as model:
        if _LOCATION.search(model):
            raise ConfigError(
                f"{path}: takes weights from other files (external_data), which could be any file of this machine",
                remedy=f"only a model in one file is accepted; make it with: vla-isaac export {path.parent}",
            )
