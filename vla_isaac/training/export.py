"""`export`: export a checkpoint's network to ONNX and compare it with torch.

Opset 17, which onnxruntime 1.15 and later run. The conversion of pictures from uint8 to floats is part of the graph.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.atomic_files import OutputLock, commit, replaced_folder, writing
from vla_isaac.core.errors import ConfigError, VlaIsaacError
from vla_isaac.core.optional import require
from vla_isaac.models.base import Batch, VLAModel, load_model
from vla_isaac.models.goal_query import UNSPECIFIED
from vla_isaac.models.io_names import GOALS, HEAT, IMAGE, IS_WORD, MEMORY, NEXT_MEMORY, READ, SEEN
from vla_isaac.models.onnx_network import OnnxNetwork
from vla_isaac.models.processor import VLAProcessor
from vla_isaac.policies.learned_checkpoint import ONNX, SENTENCE, PolicyCard
from vla_isaac.training.checkpoint import write_checkpoint
from vla_isaac.training.onnx_storage import store_in_half, strip

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

EXAMPLE_GOALS = np.array([[[3, 0, 0, 2, 1], [0, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED]]], dtype=np.int64)
"""The red cube on the blue box, and no second goal; see `models.goal_query`."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """The result of an export."""

    path: str
    megabytes: float
    largest_difference: float
    opset: int


class ExportError(VlaIsaacError, RuntimeError):
    """The outputs of the exported network differ from those of the model."""


def export(folder: Path, *, out: Path | None = None, half: bool = False) -> ExportReport:
    """Write ``model.onnx`` into a checkpoint folder.

    Args:
        folder: A checkpoint as training writes them.
        out: Folder for a copy of the checkpoint, which is exported instead; it is replaced when the copy is complete.
        half: Whether the weights of the copy are rounded to half precision, which halves its safetensors; both files then
            have the same rounded weights.

    Raises:
        ConfigError: If it is not a checkpoint.
        ExportError: If torch and onnxruntime differ; nothing is replaced then.
        MissingDependencyError: If onnx or onnxruntime is not installed.
    """
    require("onnx", extra="export", need="export")
    goal = folder if out is None else out
    with OutputLock(goal), contextlib.ExitStack() as stack:
        place = folder if out is None else stack.enter_context(replaced_folder(out))
        stack.enter_context(writing(goal, also=(SafetensorError,)))
        if out is not None:
            _copy(folder, place, half=half)
        names, difference = _write_networks(place, half=half)
        size = sum((place / name).stat().st_size for name in names) / 1e6
    return ExportReport(path=str(goal / ONNX), megabytes=size, largest_difference=difference, opset=OPSET)


def _write_networks(folder: Path, *, half: bool) -> tuple[list[str], float]:
    """Write the graphs of a checkpoint into its folder; return their names and the largest difference from torch."""
    card, model = PolicyCard.load(folder), load_model(folder)
    processor = VLAProcessor.load(folder, card.cameras, card.image_hw)
    if len(processor.vocabulary) != model.config.num_words:
        raise ConfigError(
            f"{folder}: vocabulary.json has {len(processor.vocabulary)} rows, the model {model.config.num_words}; "
            "they are of different checkpoints"
        )
    parts = {name: folder / f".{name}.part" for name in (ONNX, *([SENTENCE] if _reads_once(model, processor) else []))}
    try:
        _write(_action_graph(model, processor), parts[ONNX])
        if SENTENCE in parts:
            _write(_sentence_graph(model, processor), parts[SENTENCE])
        if half:
            for part in parts.values():
                store_in_half(part)
        difference = largest_difference(model, processor, *(OnnxNetwork(part) for part in parts.values()))
        if not difference <= TOLERANCE:
            raise ExportError(f"{folder}: onnxruntime differs from torch by {difference:.2e}, more than {TOLERANCE}")
        for name, part in parts.items():
            commit(part, folder / name)
        if SENTENCE not in parts:
            (folder / SENTENCE).unlink(missing_ok=True)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return list(parts), difference


def _copy(folder: Path, out: Path, *, half: bool) -> None:
    """Write a copy of the checkpoint without the training state into an empty folder."""
    card, model = PolicyCard.load(folder), load_model(folder)
    if half:
        for weight in model.parameters():
            weight.data = weight.data.half()
    write_checkpoint(out, model, VLAProcessor.load(folder, card.cameras, card.image_hw), card)


def largest_difference(
    model: VLAModel, processor: VLAProcessor, network: OnnxNetwork, reader: OnnxNetwork | None = None
) -> float:
    """Return the largest difference of any output between torch and onnxruntime over some random inputs.

    The memory of one trial is the input of the next, as at inference.

    Args:
        model: The model.
        processor: Its processor.
        network: The exported model.
        reader: The exported sentence encoder, if it is a separate graph.
    """
    worst, memory = 0.0, None
    for trial in range(TRIALS):
        feed = example(model, processor, trial)
        if memory is not None:
            feed[MEMORY] = memory
        expected = _torch_outputs(model, feed)
        if reader is not None:
            feed |= dict(zip((READ, IS_WORD), reader.run(feed, (READ, IS_WORD)), strict=True))
        got = network.run(feed, list(expected))
        memory = expected.get(NEXT_MEMORY)
        worst = max([worst, *(float(np.abs(e - g).max()) for e, g in zip(expected.values(), got, strict=True))])
    return worst


def example(model: VLAModel, processor: VLAProcessor, seed: int) -> dict[str, AnyArray]:
    """Return random inputs of one decision by name."""
    config, random, frames = model.config, np.random.default_rng(seed), model.frames_at_work()
    size = (1, frames, 3, *config.image_hw)
    pictures = {IMAGE + name: random.integers(0, 256, size=size, dtype=np.uint8) for name in config.cameras}
    state = random.uniform(-1, 1, size=(1, frames, len(config.state_names))).astype(np.float32)
    feed: dict[str, AnyArray] = {**pictures, "state": state}
    if model.takes_goals:
        feed[GOALS] = EXAMPLE_GOALS.copy()
    else:
        tokens = processor.sentences([SENTENCES[seed % len(SENTENCES)]])
        feed |= {"words": tokens.words, "pieces": tokens.pieces}
    if width := model.memory_width():
        feed[MEMORY] = np.zeros((1, width), dtype=np.float32)
    return feed


@dataclass(frozen=True)
class _Graph:
    """A part of a model with positional inputs and outputs, as the ONNX exporter requires."""

    module: nn.Module
    feed: dict[str, AnyArray]
    outputs: tuple[str, ...]


class _PositionalModule(nn.Module):
    """Wraps a function of named tensors as a module with positional inputs and outputs."""

    def __init__(
        self, model: VLAModel, names: Sequence[str], answer: Callable[[VLAModel, Batch], dict[str, Tensor]]
    ) -> None:
        super().__init__()
        self.model, self.names, self.answer = model, list(names), answer

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.answer(self.model, _batch(dict(zip(self.names, inputs, strict=True)))).values())


def _action_graph(model: VLAModel, processor: VLAProcessor) -> _Graph:
    """Return the graph that predicts the actions."""
    feed = example(model, processor, 0)
    outputs = tuple(_torch_outputs(model, feed))
    read = _read(model, feed)
    if read:
        feed = {name: values for name, values in feed.items() if name not in ("words", "pieces")} | read
    return _Graph(_PositionalModule(model, list(feed), _answer), feed, outputs)


def _sentence_graph(model: VLAModel, processor: VLAProcessor) -> _Graph:
    """Return the graph that encodes sentences."""
    feed = example(model, processor, 0)
    inputs = {name: feed[name] for name in ("words", "pieces")}
    return _Graph(_PositionalModule(model, list(inputs), lambda m, batch: m.read_once(batch)), inputs, (READ, IS_WORD))


def _reads_once(model: VLAModel, processor: VLAProcessor) -> bool:
    return bool(_read(model, example(model, processor, 0)))


def _read(model: VLAModel, feed: dict[str, AnyArray]) -> dict[str, AnyArray]:
    with torch.no_grad():
        found = model.eval().read_once(_batch({name: torch.from_numpy(values) for name, values in feed.items()}))
    return {name: values.numpy() for name, values in found.items()}


def _torch_outputs(model: VLAModel, feed: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Return the outputs of a model by name."""
    with torch.no_grad():
        found = _answer(model.eval(), _batch({name: torch.from_numpy(values) for name, values in feed.items()}))
    return {name: values.numpy() for name, values in found.items()}


def _answer(model: VLAModel, batch: Batch) -> dict[str, Tensor]:
    outputs = model(batch)
    answer, heat = model.act(outputs), model.heat(outputs)
    memory = {NEXT_MEMORY: outputs[MEMORY]} if MEMORY in outputs else {}
    seen = {SEEN + name: values for name, values in model.seen(outputs).items()}
    return {**answer._asdict(), **memory, **seen, **{HEAT + name: maps for name, maps in heat.items()}}


def _batch(named: dict[str, Tensor]) -> Batch:
    """Return inputs by the names of the graph as a batch."""
    images = {name.removeprefix(IMAGE): values for name, values in named.items() if name.startswith(IMAGE)}
    return {"images": images, **{name: values for name, values in named.items() if not name.startswith(IMAGE)}}


def _write(graph: _Graph, path: Path) -> None:
    inputs = tuple(torch.from_numpy(values) for values in graph.feed.values())
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation warning; the new exporter cannot write opset 17
        torch.onnx.export(
            graph.module.eval(),
            inputs,
            str(path),
            input_names=list(graph.feed),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            dynamo=False,
        )
    strip(path)
