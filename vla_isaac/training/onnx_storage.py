"""Smaller ONNX files: weights stored in half precision or as bytes, and converted to float32 when the file is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.optional import require

LEAST = 256
"""Numbers of a weight that is stored otherwise; smaller ones stay as they are."""


def strip(path: Path) -> None:
    """Remove the source locations of the nodes, which are a third of the file."""
    onnx, network = _loaded(path)
    for node in network.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        node.ClearField("name")
    _save(onnx, network, path)


def store_in_half(path: Path) -> None:
    """Store the weights of a graph in half precision where that keeps every number."""
    onnx, network = _loaded(path)
    for weight, values in _weights(onnx, network):
        if (values.astype(np.float16).astype(np.float32) == values).all():
            _replace(onnx, network, weight, [values.astype(np.float16)], "Cast", to=onnx.TensorProto.FLOAT)
    _save(onnx, network, path)


def store_in_bytes(path: Path) -> None:
    """Store the matrices of a graph as signed bytes with a scale for each column or row (rounding them)."""
    onnx, network = _loaded(path)
    for weight, values in _weights(onnx, network):
        if values.ndim == 2 and min(values.shape) > 1:
            axis = _axis_of_outputs(network, weight.name)
            scale = np.abs(values).max(axis=1 - axis) / 127.0
            scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
            rounded = np.round(values / np.expand_dims(scale, 1 - axis)).astype(np.int8)
            _replace(onnx, network, weight, [rounded, scale, np.zeros(len(scale), np.int8)], "DequantizeLinear", axis=axis)
    _save(onnx, network, path)


def _axis_of_outputs(network: Any, name: str) -> int:
    """Return the axis of a matrix that has one scale a row: the rows of a table, the outputs of a product."""
    node = next(node for node in network.graph.node if name in node.input)
    if node.op_type == "Gather":
        return 0
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return 0 if transposed else 1


def _loaded(path: Path) -> tuple[Any, Any]:
    onnx: Any = require("onnx", extra="export", need="export")
    return onnx, onnx.load(str(path))


def _weights(onnx: Any, network: Any) -> list[tuple[Any, AnyArray]]:
    found = [(one, onnx.numpy_helper.to_array(one)) for one in network.graph.initializer]
    return [(one, values) for one, values in found if values.dtype == np.float32 and values.size >= LEAST]


def _replace(onnx: Any, network: Any, weight: Any, parts: list[AnyArray], operator: str, **attributes: int) -> None:
    """Put in place of a weight the node that makes it of `parts`."""
    name = weight.name
    network.graph.initializer.remove(weight)
    names = [f"{name}_stored{number}" for number in range(len(parts))]
    network.graph.initializer.extend(
        onnx.numpy_helper.from_array(part, part_name) for part, part_name in zip(parts, names, strict=True)
    )
    network.graph.node.insert(0, onnx.helper.make_node(operator, names, [name], **attributes))


def _save(onnx: Any, network: Any, path: Path) -> None:
    onnx.checker.check_model(network)
    path.write_bytes(network.SerializeToString(deterministic=True))
