"""How well the grounding network reads sentences of held-out templates: ``python -m tools.train_mini.reading [FOLDER]``.

A sentence counts as read if all its goals are right and the network is sure enough to act on them. Sentences with two goals
that the grammar does not read are left out, since the order of their goals is then not known.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from tools.train_mini.recipe import FAMILIES, GROUNDING, LONG
from vla_isaac.core.intervals import wilson95
from vla_isaac.grounding.network import LearnedGrounding
from vla_isaac.models.grounding.decoding import same_wishes
from vla_isaac.scene.colours import COLOURS
from vla_isaac.training.grounding.examples import Example
from vla_isaac.training.grounding.templates import draw_held_out
from vla_isaac.training.grounding.unsupported_sentences import made_up_word

COUNT, SEED = 1000, 991


def main() -> None:
    """Print a line a family, and how often a made-up colour is noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=GROUNDING)
    network, rng, read, count = LearnedGrounding(parser.parse_args().folder), np.random.default_rng(SEED), 0, 0
    flawed: list[Example] = []
    for family in (*FAMILIES, *LONG):
        said = [draw_held_out(family, rng) for _ in range(COUNT)]
        right = sum(is_read(network, one) for one in said)
        read, count = read + right, count + len(said)
        print(f"{family:12s} {right} of {len(said)}", flush=True)
        flawed += [one for one in (with_made_up_colour(example, rng) for example in said[: COUNT // 5]) if one is not None]
    doubted = sum(is_read(network, one) for one in flawed)
    low, high = wilson95(read, count)
    print(f"all          {read} of {count} ({100 * low:.1f} to {100 * high:.1f} %)")
    print(f"with a made-up colour, declined: {doubted} of {len(flawed)}")
    print(
        json.dumps({"read": read, "sentences": count, "wilson95": [low, high], "declined": doubted, "flawed": len(flawed)})
    )


def is_read(network: LearnedGrounding, example: Example) -> bool:
    """Return whether an example is read without a mistake, or refused if it cannot be done."""
    best = network.read(example.sentence, example.scene)[0]
    is_sure = best.kind == "do" and best.confidence >= network.card.accept_above
    return is_sure and same_wishes(best.steps, example.steps) if example.kind == "do" else not is_sure


def with_made_up_colour(example: Example, rng: np.random.Generator) -> Example | None:
    """Return the example with a word for a colour that is none; None if it names no plain colour."""
    words = example.sentence.split()
    places = [place for place, word in enumerate(words) if word.lower() in COLOURS]
    if not places:
        return None
    words[int(rng.choice(places))] = made_up_word(rng)
    return replace(example, sentence=" ".join(words), kind="unknown_thing", steps=())


if __name__ == "__main__":
    main()
