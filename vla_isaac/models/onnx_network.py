"""`OnnxNetwork`: inference of an exported model with onnxruntime; numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import reading, regular_file
from vla_isaac.core.optional import require
from vla_isaac.models.onnx_file import check_one_file

THREADS = 2


class OnnxNetwork:
    """One loaded model file."""

    def __init__(self, path: Path, *, threads: int = THREADS) -> None:
        """Load the file.

        Raises:
            MissingDependencyError: If onnxruntime is not installed.
            ConfigError: If the file is missing, truncated, not a model, or takes weights from other files.
        """
        regular_file(path, error=ConfigError, remedy=f"make it with: vla-isaac export {path.parent}")
        self._path = contained_file(path.parent, path, error=ConfigError)
        check_one_file(path)
        ort: Any = require("onnxruntime", extra="policy", need="the learned policy")
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        with self._reading():
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs: tuple[str, ...] = tuple(one.name for one in self._session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(one.name for one in self._session.get_outputs())

    def width(self, name: str) -> int:
        """Return the size N of an input of shape (1, N); 0 if there is no such input."""
        with self._reading():
            return next((int(one.shape[1]) for one in self._session.get_inputs() if one.name == name), 0)

    def run(self, feed: Mapping[str, AnyArray], outputs: Sequence[str]) -> list[AnyArray]:
        """Return the named outputs."""
        with self._reading():
            return list(self._session.run(list(outputs), {name: feed[name] for name in self.inputs}))

    def _reading(self) -> AbstractContextManager[None]:
        return reading(
            self._path,
            error=ConfigError,
            remedy=f"copy it again or run: vla-isaac export {self._path.parent}",
            what="the model",
        )
