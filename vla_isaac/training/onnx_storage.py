"""Smaller ONNX files: weights stored in half precision, as bytes or in four bits, converted to float32 when loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.optional import require

LEAST = 256
"""Numbers of a weight that is stored otherwise; smaller ones stay as they are."""

BLOCK = 32
"""Rows of a matrix in four bits that share a scale; as in GGML's Q4_0 and ONNX's blocked quantization."""

LARGE = 100_000
"""Numbers of a matrix that is stored in four bits; smaller ones are not worth the loss."""

CLIPPED = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75)
"""Scales that are tried, as shares of the one at which the largest number is kept."""


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


def store_in_four_bits(path: Path) -> None:
    """Store the large matrices of products in four bits, with a scale for each `BLOCK` numbers of a column (rounding them).

    A byte holds a number of the upper half of the rows and one of the lower half. The graph unpacks them with operators that
    every runtime has, and onnxruntime does so once, when it loads the file.
    """
    onnx, network = _loaded(path)
    constants = {"four_bits_16": 16.0, "four_bits_8": 8.0}
    network.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.float32(value), name) for name, value in constants.items()
    )
    for weight, values in _weights(onnx, network):
        node = next(node for node in network.graph.node if weight.name in node.input)
        if node.op_type == "MatMul" and values.size >= LARGE and values.ndim == 2 and len(values) % BLOCK == 0:
            numbers, scale = four_bits(values)
            half = len(numbers) // 2
            _unpack(onnx, network, weight, numbers[:half] + 16 * numbers[half:], scale, values.shape)
    _save(onnx, network, path)


def four_bits(values: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return a matrix (R, C) as numbers 0 to 15, uint8 (R, C), and scales, float16 (R / BLOCK, C).

    Each scale is the one of `CLIPPED` that loses least.
    """
    blocks = values.reshape(-1, BLOCK, values.shape[1])
    largest = np.abs(blocks).max(axis=1, keepdims=True) / 7.0
    tried = [np.maximum(largest * share, 1e-7).astype(np.float16).astype(np.float32) for share in CLIPPED]
    tried = [np.where(scale > 0, scale, np.float32(1.0)) for scale in tried]
    numbers = [np.round(blocks / scale).clip(-8, 7) for scale in tried]
    losses = np.stack([((n * scale - blocks) ** 2).sum(1) for n, scale in zip(numbers, tried, strict=True)])
    best = losses.argmin(0)[None, :, None]
    chosen = np.take_along_axis(np.stack(numbers), best, 0)[0]
    scale = np.take_along_axis(np.stack(tried), best, 0)[0]
    return (chosen + 8).astype(np.uint8).reshape(values.shape), scale[:, 0].astype(np.float16)


def _unpack(onnx: Any, network: Any, weight: Any, packed: AnyArray, scale: AnyArray, shape: tuple[int, ...]) -> None:
    """Put in place of a weight the nodes that make it of its bytes and scales."""
    name, (rows, columns) = weight.name, shape
    network.graph.initializer.remove(weight)
    parts = {
        "packed": packed,
        "scale": scale[:, None],
        "blocks": np.array([rows // BLOCK, BLOCK, columns], np.int64),
        "shape": np.array(shape, np.int64),
    }
    network.graph.initializer.extend(onnx.numpy_helper.from_array(part, f"{name}_{key}") for key, part in parts.items())
    to_float = {"to": onnx.TensorProto.FLOAT}
    steps: list[tuple[str, tuple[str, ...], str, dict[str, int]]] = [
        ("Cast", ("packed",), "bytes", to_float),
        ("Div", ("bytes", "/four_bits_16"), "sixteenth", {}),
        ("Floor", ("sixteenth",), "upper", {}),
        ("Mul", ("upper", "/four_bits_16"), "rest", {}),
        ("Sub", ("bytes", "rest"), "lower", {}),
        ("Concat", ("lower", "upper"), "numbers", {"axis": 0}),
        ("Sub", ("numbers", "/four_bits_8"), "signed", {}),
        ("Reshape", ("signed", "blocks"), "blocked", {}),
        ("Cast", ("scale",), "scales", to_float),
        ("Mul", ("blocked", "scales"), "scaled", {}),
        ("Reshape", ("scaled", "shape"), "", {}),
    ]

    def full(part: str) -> str:
        return part[1:] if part.startswith("/") else f"{name}_{part}" if part else name

    nodes = [
        onnx.helper.make_node(operator, [full(part) for part in inputs], [full(output)], **attributes)
        for operator, inputs, output, attributes in steps
    ]
    for node in reversed(nodes):
        network.graph.node.insert(0, node)


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
