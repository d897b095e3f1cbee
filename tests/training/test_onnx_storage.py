"""Weights of an ONNX file stored in fewer bits: what is lost, and that onnxruntime reads the file."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from vla_isaac.models.onnx_network import OnnxNetwork  # noqa: E402
from vla_isaac.training.onnx_storage import BLOCK, four_bits, store_in_bytes, store_in_four_bits  # noqa: E402


def product(path, weights):
    """Write a graph that multiplies x (N, R) by weights (R, C)."""
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [value("x", onnx.TensorProto.FLOAT, ["n", weights.shape[0]])],
        [value("y", onnx.TensorProto.FLOAT, ["n", weights.shape[1]])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())
    return path


def decoded(numbers, scale):
    return (numbers.astype(np.float32) - 8) * np.repeat(scale.astype(np.float32), BLOCK, axis=0)


def test_four_bits_lose_half_a_step_at_most_where_nothing_is_clipped_and_little_on_the_whole():
    values = np.random.default_rng(0).normal(size=(384, 320)).astype(np.float32)
    numbers, scale = four_bits(values)
    assert numbers.dtype == np.uint8 and numbers.max() <= 15 and scale.shape == (12, 320)
    error = decoded(numbers, scale) - values
    assert np.sqrt((error**2).mean()) < 0.1
    inside = np.abs(values) <= 7 * np.repeat(scale.astype(np.float32), BLOCK, axis=0)
    assert (np.abs(error) <= 0.501 * np.repeat(scale.astype(np.float32), BLOCK, axis=0))[inside].all()


@pytest.mark.parametrize("value", [0.0, 1e-9, 3.0, -5e3])
def test_four_bits_of_a_constant(value):
    numbers, scale = four_bits(np.full((64, 3), value, np.float32))
    assert np.isfinite(scale.astype(np.float32)).all()
    assert decoded(numbers, scale) == pytest.approx(np.full((64, 3), value), rel=0.01, abs=1e-6)


def test_a_file_in_four_bits_multiplies_by_what_was_rounded(tmp_path):
    rng = np.random.default_rng(1)
    values, x = rng.normal(size=(384, 320)).astype(np.float32), rng.normal(size=(5, 384)).astype(np.float32)
    path = product(tmp_path / "x.onnx", values)
    before = path.stat().st_size
    store_in_four_bits(path)
    assert path.stat().st_size < 0.15 * before
    (y,) = OnnxNetwork(path).run({"x": x}, ["y"])
    assert np.allclose(y, x @ decoded(*four_bits(values)), atol=1e-3)


def test_small_matrices_are_left_to_bytes(tmp_path):
    values = np.random.default_rng(2).normal(size=(64, 32)).astype(np.float32)
    path = product(tmp_path / "x.onnx", values)
    before = path.stat().st_size
    store_in_four_bits(path)
    assert path.stat().st_size >= before
    store_in_bytes(path)
    (y,) = OnnxNetwork(path).run({"x": np.eye(64, dtype=np.float32)}, ["y"])
    assert np.abs(y - values).max() < 0.02
