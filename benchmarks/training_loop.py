"""Samples per second of our training loop over those of a bare PyTorch loop: same model, same batch size, same arithmetic.

python benchmarks/training_loop.py [--dataset PATH] [--preset NAME] [--steps 20]

The bare loop has all its tensors in memory before it begins: no dataset, no words, no averaging, no records. Both take
turns, so that a busy machine is busy for both.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from vla_isaac.core.resources import resource
from vla_isaac.training.config import train_preset
from vla_isaac.training.experiment import make_card, make_model
from vla_isaac.training.trainer import VLATrainer
from vla_isaac.training.training_run import source_of

ROUNDS = 5


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--dataset", type=Path, default=resource("data", "samples"))
    words.add_argument(
        "--preset", default="keypoints_small", help="`mini` learns from transitions, the others from demonstrations"
    )
    words.add_argument("--steps", type=int, default=10)
    words.add_argument("--threads", type=int, default=2)
    words.add_argument("--augment", action="store_true", help="leave the preset's augmentation on")
    given = words.parse_args()
    torch.set_num_threads(given.threads)
    config = replace(train_preset(given.preset), warmup_steps=0, steps=10**6)
    if not given.augment:
        config = replace(config, augmentation=None)
    with tempfile.TemporaryDirectory() as folder:
        data = source_of([given.dataset], config, cache=Path(folder) / "frames")
        model = make_model(config, data)
        card = make_card(config, data, [given.dataset])
        trainer = VLATrainer(model, data, config, card=card, folder=Path(folder))
        bare = Bare(make_model(config, data), trainer)
        stream = data.training(0)
        for _ in range(min(200, data.num_rows // config.batch_size) + 1):  # pictures decoded, wordings made
            next(stream)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            for _ in range(given.steps):
                trainer.train_step(next(stream))
            middle = time.perf_counter()
            for _ in range(given.steps):
                bare.step()
            ours.append(middle - begin)
            theirs.append(time.perf_counter() - middle)
    samples = given.steps * config.batch_size
    best = min(ours), min(theirs)
    print(f"our loop   {samples / best[0]:8.1f} samples/s")
    print(f"bare loop  {samples / best[1]:8.1f} samples/s")
    print(json.dumps({"ratio": best[1] / best[0], "samples_per_second": samples / best[0], "threads": given.threads}))


class Bare:
    """A loop as one writes it by hand."""

    def __init__(self, model, trainer: VLATrainer) -> None:
        self.model = model.to(memory_format=torch.channels_last).train()
        self.optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=1e-3, fused=True)
        self.batch = next(trainer.data.training(0))
        self.is_half = trainer.hardware.precision == "bf16"

    def step(self) -> None:
        """Make one update."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.is_half):
            outputs = self.model(self.batch)
        loss = torch.stack(list(self.model.loss(self.batch, outputs).values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


if __name__ == "__main__":
    main()
