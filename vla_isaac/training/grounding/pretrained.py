"""Starting weights of the grounding network from a pretrained BERT, and the part of its vocabulary that is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import read_json, reading
from vla_isaac.models.goal_query import COLOUR_NAMES
from vla_isaac.models.grounding.network import GroundingNetwork
from vla_isaac.models.grounding.wordpieces import INSIDE, SPECIAL, WordPieces
from vla_isaac.scene.objects import SHAPES
from vla_isaac.training.checkpoint import load_tensors

OFTEN = 2
"""Times that a piece must be in the training sentences; rarer ones are read as smaller pieces."""


def kept_pieces(folder: Path, texts: Iterable[str], *, most: int) -> WordPieces:
    """Return the vocabulary of a pretrained tokenizer without pieces that are neither in `texts` nor frequent.

    Args:
        folder: Has the ``tokenizer.json``.
        texts: Sentences whose pieces are kept if they have them at least `OFTEN` times.
        most: Size of the vocabulary; the rest is filled with the first words and endings of its list, which is sorted by
            how frequent they are.
    """
    known = _vocabulary(folder)
    whole = _whole(known)
    kept = dict.fromkeys(SPECIAL)
    kept |= dict.fromkeys(p for p in known if len(p.removeprefix(INSIDE)) == 1 and p.isascii())
    kept |= dict.fromkeys(p for p in known if p in "→←↑↓“”‘’–—…•")
    count = Counter(piece.row for text in texts for piece in whole.split(text))
    kept |= dict.fromkeys(whole.pieces[row] for row, times in count.items() if times >= OFTEN)
    for piece in known:
        if len(kept) >= most:
            break
        if piece.removeprefix(INSIDE).isalpha() and piece.isascii():
            kept[piece] = None
    return WordPieces((*SPECIAL, *(p for p in known if p in kept and p not in SPECIAL)))


def start(network: GroundingNetwork, folder: Path, vocabulary: WordPieces) -> None:
    """Load the pretrained embeddings and the first layers of a BERT of the same width."""
    known = _vocabulary(folder)
    whole = _whole(known)
    weights = load_tensors(folder / "model.safetensors")
    rows = torch.tensor([known[piece] for piece in vocabulary.pieces])
    table = weights["embeddings.word_embeddings.weight"]
    kinds = weights["embeddings.token_type_embeddings.weight"]

    def meaning(word: str) -> Tensor:
        return table[[known[whole.pieces[piece.row]] for piece in whole.split(word)]].mean(0)

    with torch.no_grad():
        network.words.weight.copy_(table[rows] + kinds[0])
        network.words.weight[0] = 0.0
        network.places.copy_(weights["embeddings.position_embeddings.weight"][: len(network.places)])
        network.colours.weight.copy_(torch.stack([meaning(name) for name in COLOUR_NAMES]))
        network.shapes.weight.copy_(torch.stack([meaning(name) for name in SHAPES]) + kinds[1])
        network.extremes.weight.mul_(0.1)
        _copy(network.norm, weights, "embeddings.LayerNorm")
        for number, layer in enumerate(network.layers):
            name = f"encoder.layer.{number}"
            for field in ("weight", "bias"):
                parts = [weights[f"{name}.attention.self.{part}.{field}"] for part in ("query", "key", "value")]
                getattr(layer.query_key_value, field).copy_(torch.cat(parts))
            _copy(layer.out, weights, f"{name}.attention.output.dense")
            _copy(layer.after_attention, weights, f"{name}.attention.output.LayerNorm")
            _copy(layer.wide, weights, f"{name}.intermediate.dense")
            _copy(layer.narrow, weights, f"{name}.output.dense")
            _copy(layer.after_all, weights, f"{name}.output.LayerNorm")


def _vocabulary(folder: Path) -> dict[str, int]:
    path, remedy = folder / "tokenizer.json", "give the folder of a pretrained BERT"
    found = read_json(path, error=ConfigError, remedy=remedy)
    with reading(path, error=ConfigError, remedy=remedy):
        return {str(piece): int(row) for piece, row in found["model"]["vocab"].items()}


def _whole(known: dict[str, int]) -> WordPieces:
    return WordPieces((*SPECIAL, *(piece for piece in known if piece not in SPECIAL)))


def _copy(module: torch.nn.Module | Tensor, weights: dict[str, Tensor], name: str) -> None:
    for field in ("weight", "bias"):
        getattr(module, field).copy_(weights[f"{name}.{field}"])
