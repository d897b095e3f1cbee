"""`FittingConfig`: how the grounding network is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FittingConfig:
    """How long and how fast."""

    updates: int = 12_000
    batch: int = 24
    templates: float = 0.22
    """Share of examples from templates."""

    joined: float = 0.4
    """Share of sentences that are tried together with another one (about a quarter of them fit)."""

    replaced: float = 0.08
    """Share of sentences that are tried as the second thought after another one (a third of them fit)."""

    withdrawn: float = 0.01
    """Share of sentences that are said and taken back."""

    reworded: float = 0.3
    """Share of sentences that are tried with an object named in another way (half of them fit)."""

    referred_back: float = 0.1
    """Share of sentences that are tried with two things named first, to which the wish refers (a third of them fit)."""

    remark: float = 0.1
    """Share of sentences that are tried with a remark about another object."""

    learning_rate: float = 4e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    average: float = 0.999
    """Decay of the average of weights, which is what is kept."""

    unknown_words: float = 0.02
    """Share of pieces that are replaced by the unknown one."""

    seed: int = 0

    save_every: int = 1000
    """Updates after which the training is saved, where a folder is given."""
