"""`export`: a checkpoint's network as ONNX, compared with torch before it takes its place.

Opset 17, so that every onnxruntime from 1.15 on runs it. Preparing pictures (uint8 to floats) is part of the graph.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ConfigError, VlaIsaacError
from vla_isaac.core.optional import require
from vla_isaac.models.base import Batch, VLAModel, load_model
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.models.text import Vocabulary
from vla_isaac.policies.learned import HANDED_ON, HEAT, MEMORY
from vla_isaac.policies.learned_checkpoint import ONNX, PolicyCard
from vla_isaac.policies.learned_session import OnnxNetwork
from vla_isaac.training.checkpoint import save_checkpoint

OPSET = 17
TOLERANCE = 1e-4
"""Largest difference between torch and onnxruntime, in normalised units."""

TRIALS = 8
SENTENCES = (
    "pick up the red cube",
    "put the blue block in the green bin",
    "xyzzy",
    "stack the red cube on the white cube please",
)


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What an export came to."""

    path: str
    megabytes: float
    largest_difference: float
    opset: int


class ExportError(VlaIsaacError, RuntimeError):
    """The exported network does not answer as the model does."""


def export(folder: Path, *, out: Path | None = None, half: bool = False) -> ExportReport:
    """Write ``model.onnx`` into a checkpoint folder.

    Args:
        folder: A checkpoint as training writes them.
        out: Where a copy of the checkpoint is written and exported instead; what is there is replaced once it is whole.
        half: Whether the copy's weights are rounded to half precision, which makes its safetensors half as large; both files
            then hold the same rounded numbers.

    Raises:
        ConfigError: If it is no checkpoint.
        ExportError: If torch and onnxruntime disagree; nothing is replaced then.
        MissingDependencyError: If onnx or onnxruntime is not installed.
    """
    require("onnx", extra="export", need="export")
    if out is not None:
        _copy(folder, out, half=half)
        folder = out
    card, model = PolicyCard.load(folder), load_model(folder)
    processor = VLAProcessor(card.cameras, card.image_hw, Vocabulary.load(folder))
    if len(processor.vocabulary) != model.config.num_words:
        raise ConfigError(
            f"{folder}: vocabulary.json has {len(processor.vocabulary)} rows, the model {model.config.num_words}; "
            "they are of different checkpoints"
        )
    part = folder / f".{ONNX}.part"
    try:
        _write(model, processor, part)
        difference = largest_difference(model, processor, OnnxNetwork(part))
        if not difference <= TOLERANCE:
            raise ExportError(f"{folder}: onnxruntime differs from torch by {difference:.2e}, more than {TOLERANCE}")
        part.replace(folder / ONNX)
    finally:
        part.unlink(missing_ok=True)
    size = (folder / ONNX).stat().st_size / 1e6
    return ExportReport(path=str(folder / ONNX), megabytes=size, largest_difference=difference, opset=OPSET)


def _copy(folder: Path, out: Path, *, half: bool) -> None:
    """Write the checkpoint anew without what only training needs."""
    card, model = PolicyCard.load(folder), load_model(folder)
    if half:
        for weight in model.parameters():
            weight.data = weight.data.half()
    save_checkpoint(out, model, VLAProcessor(card.cameras, card.image_hw, Vocabulary.load(folder)), card)


def largest_difference(model: VLAModel, processor: VLAProcessor, network: OnnxNetwork) -> float:
    """Return the largest difference of any output between torch and onnxruntime over some random inputs.

    What one trial hands on is the next one's memory, as at work.
    """
    named = _Named(model.eval())
    worst, memory = 0.0, None
    for trial in range(TRIALS):
        feed = example(model, processor, trial)
        if memory is not None:
            feed[MEMORY] = memory
        with torch.no_grad():
            wanted = named(*(torch.from_numpy(values) for values in feed.values()))
        got = network.run(feed, named.output_names)
        memory = next((w.numpy() for n, w in zip(named.output_names, wanted, strict=True) if n == HANDED_ON), None)
        worst = max([worst, *(float(np.abs(w.numpy() - g).max()) for w, g in zip(wanted, got, strict=True))])
    return worst


def example(model: VLAModel, processor: VLAProcessor, seed: int) -> dict[str, AnyArray]:
    """Return random inputs of one decision by name, in the order of the graph."""
    config, random = model.config, np.random.default_rng(seed)
    tokens = processor.sentences([SENTENCES[seed % len(SENTENCES)]])
    size = (1, config.history, 3, *config.image_hw)
    pictures = {f"image_{name}": random.integers(0, 256, size=size, dtype=np.uint8) for name in config.cameras}
    state = random.uniform(-1, 1, size=(1, config.history, len(config.state_names))).astype(np.float32)
    feed: dict[str, AnyArray] = {**pictures, "state": state, "words": tokens.words, "pieces": tokens.pieces}
    if width := model.memory_width():
        feed[MEMORY] = np.zeros((1, width), dtype=np.float32)
    return feed


class _Named(nn.Module):
    """A model with its inputs and outputs in a row, as ONNX wants them."""

    def __init__(self, model: VLAModel) -> None:
        super().__init__()
        self.model = model
        self.cameras = list(model.config.cameras)
        self.output_names = ["actions", "confidence"]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        count = len(self.cameras)
        batch: Batch = {
            "images": dict(zip(self.cameras, inputs[:count], strict=True)),
            **dict(zip(("state", "words", "pieces", MEMORY), inputs[count:], strict=False)),
        }
        outputs = self.model(batch)
        answer, heat = self.model.act(outputs), self.model.heat(outputs)
        handed_on = (outputs[MEMORY],) if MEMORY in outputs else ()
        self.output_names = ["actions", "confidence", *([HANDED_ON] if handed_on else []), *(HEAT + name for name in heat)]
        return (*answer, *handed_on, *heat.values())


def _write(model: VLAModel, processor: VLAProcessor, path: Path) -> None:
    named, feed = _Named(model.eval()), example(model, processor, 0)
    inputs = tuple(torch.from_numpy(values) for values in feed.values())
    with torch.no_grad():
        named(*inputs)  # tells which outputs there are
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter that writes opset 17 announces its successor, which cannot
            torch.onnx.export(
                named,
                inputs,
                str(path),
                input_names=list(feed),
                output_names=named.output_names,
                opset_version=OPSET,
                dynamo=False,
            )
    _strip(path)


def _strip(path: Path) -> None:
    """Take out where in our source each node came from; it is a third of the file."""
    onnx: Any = require("onnx", extra="export", need="export")
    network = onnx.load(str(path))
    for node in network.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        node.ClearField("name")
    onnx.checker.check_model(network)
    path.write_bytes(network.SerializeToString(deterministic=True))
