"""Write the grounding network as ``sentence.onnx`` with rounded matrices, its vocabulary and its card."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.grounding.network import INPUTS, OUTPUTS, PIECES, SENTENCE, GroundingCard
from vla_isaac.models.grounding.network import GroundingNetwork
from vla_isaac.models.grounding.wordpieces import WordPieces
from vla_isaac.models.onnx_network import OnnxNetwork
from vla_isaac.training.grounding.examples import Example
from vla_isaac.training.grounding.fitting import inputs_of
from vla_isaac.training.onnx_storage import store_in_bytes, store_in_four_bits, strip

OPSET = 17
TOLERANCE = 1e-3
"""Largest difference of a score between torch and onnxruntime, before the weights are rounded."""


def export_grounding(
    network: GroundingNetwork, vocabulary: WordPieces, card: GroundingCard, folder: Path, examples: Sequence[Example]
) -> float:
    """Write a folder that `LearnedGrounding` loads, and return by how much rounding changes a score at most.

    Args:
        network: The trained network.
        vocabulary: Its vocabulary.
        card: How its scores become a decision.
        folder: Where to; existing files are replaced.
        examples: Sentences by which the two are compared.

    Raises:
        VlaIsaacError: If onnxruntime's scores differ from torch's by more than `TOLERANCE`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SENTENCE
    inputs = inputs_of(vocabulary, examples)
    axes = {name: {0: "batch", 1: "objects"} for name in INPUTS}
    axes["words"] = {0: "batch", 1: "length"}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecation warning, as in `training.export`
        torch.onnx.export(
            network.eval(), inputs, str(path), input_names=list(INPUTS), output_names=list(OUTPUTS), opset_version=OPSET,
            dynamo=False, dynamic_axes=axes | {name: {0: "batch"} for name in OUTPUTS},
        )  # fmt: skip
        expected = [values.numpy() for values in network(*inputs)]
    feed = {name: values.numpy() for name, values in zip(INPUTS, inputs, strict=True)}
    worst = max(_worst(a, b) for a, b in zip(expected, OnnxNetwork(path).run(feed, OUTPUTS), strict=True))
    if not worst <= TOLERANCE:
        raise VlaIsaacError(f"{path}: onnxruntime differs from torch by {worst:.2e}, more than {TOLERANCE}")
    strip(path)
    store_in_four_bits(path)
    store_in_bytes(path)
    (folder / PIECES).write_text(json.dumps(list(vocabulary.pieces), ensure_ascii=False) + "\n", encoding="utf-8")
    card.save(folder)
    return max(_worst(a, b) for a, b in zip(expected, OnnxNetwork(path).run(feed, OUTPUTS), strict=True))


def _worst(a: np.ndarray, b: np.ndarray) -> float:
    counts = np.abs(a) < 1e3  # scores of padding are out of the question
    return float(np.abs(a - b)[counts].max())
