"""An exported model holds its own weights; one that takes them from another file is refused before onnxruntime sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.onnx_network import OnnxNetwork

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def model_with(location: str | None, path: Path) -> Path:
    """Write a model whose output is a constant: of its own, or of another file."""
    tensor = onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [4], b"\0" * 16, raw=True)
    if location is not None:
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "16")):
            tensor.external_data.add(key=key, value=value)
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [4])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["w"], ["y"])], "g", [], [output], [tensor])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "beside.bin", "link.bin"])
def test_a_model_that_takes_weights_from_another_file_is_refused(tmp_path, location):
    (tmp_path / "secret.bin").write_bytes(b"secret" * 10)
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "beside.bin").write_bytes(b"weights!" * 10)
    (folder / "link.bin").symlink_to("../secret.bin")
    path = model_with(location, folder / "model.onnx")
    with pytest.raises(ConfigError, match=r"model\.onnx: takes weights from other files .*make it with: vla-isaac export"):
        OnnxNetwork(path)


@pytest.mark.parametrize("key", [b"\x8a\x00\x08location", b"\n\x88\x00location", b"\x8a\x80\x80\x00\x88\x80\x00location"])
def test_the_longer_forms_of_the_same_numbers_are_seen_too(tmp_path, key):
    path = model_with("/etc/passwd", tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes().replace(b"\n\x08location", key))
    with pytest.raises(ConfigError, match="takes weights from other files"):
        OnnxNetwork(path)


def test_a_model_in_one_file_is_loaded(tmp_path):
    network = OnnxNetwork(model_with(None, tmp_path / "model.onnx"))
    assert network.run({}, ["y"])[0].tolist() == [0.0] * 4


def test_an_empty_file_is_no_model(tmp_path):
    (tmp_path / "model.onnx").touch()
    with pytest.raises(ConfigError, match="is broken or truncated"):
        OnnxNetwork(tmp_path / "model.onnx")
