"""How well `mini` reads sentences of held-out templates: ``python -m tools.train_mini.reading [CHECKPOINT]``.

A sentence counts as read if relation, colours and shapes of all that it asks for are right, and that it makes sense.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from vla_isaac.models.mini.grounding import is_grounded
from vla_isaac.training.sentence_maker import LabelledSentence, draw_held_out

from tools.train_mini.recipe import FAMILIES, LONG, SHIPPED
from vla_isaac.core.intervals import wilson95
from vla_isaac.models.base import VLAModel, load_model
from vla_isaac.scene.colours import COLOURS
from vla_isaac.training.grounding.unsupported_sentences import made_up_word

COUNT, SEED = 1000, 991


def main() -> None:
    """Print a line a family, and how often a made-up colour is noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, nargs="?", default=SHIPPED)
    model, rng, read, count = load_model(parser.parse_args().checkpoint), np.random.default_rng(SEED), 0, 0
    flawed: list[LabelledSentence] = []
    for family in (*FAMILIES, *LONG):
        said = [draw_held_out(family, rng) for _ in range(COUNT)]
        right = int(reads(model, said).sum())
        read, count = read + right, count + len(said)
        print(f"{family:12s} {right} of {len(said)}")
        flawed += [one for one in (with_made_up_colour(sentence, rng) for sentence in said[: COUNT // 5]) if one is not None]
    doubted = int(reads(model, flawed).sum())
    low, high = wilson95(read, count)
    print(f"all          {read} of {count} ({100 * low:.1f} to {100 * high:.1f} %)")
    print(f"with a made-up colour, declined: {doubted} of {len(flawed)}")
    print(
        json.dumps({"read": read, "sentences": count, "wilson95": [low, high], "declined": doubted, "flawed": len(flawed)})
    )


def reads(model: VLAModel, said: list[LabelledSentence]) -> np.ndarray:
    """Return which sentences are read without a mistake."""
    assert model.processor is not None
    tokens = model.processor.sentences([one.sentence for one in said])
    with torch.no_grad():
        outputs = model.reading(torch.from_numpy(tokens.words), torch.from_numpy(tokens.pieces))
    labels = torch.from_numpy(np.stack([one.labels for one in said]))
    return is_grounded(outputs, labels, torch.tensor([float(one.makes_sense) for one in said])).numpy()


def with_made_up_colour(sentence: LabelledSentence, rng: np.random.Generator) -> LabelledSentence | None:
    """Return the sentence with a word for a colour that is none; None if it names no plain colour."""
    words = sentence.sentence.split()
    places = [place for place, word in enumerate(words) if word.lower() in COLOURS]
    if not places:
        return None
    words[int(rng.choice(places))] = made_up_word(rng)
    return LabelledSentence(" ".join(words), sentence.labels, makes_sense=False)


if __name__ == "__main__":
    main()
