"""An update of a training in bf16 and in fp32 on this machine: python benchmarks/precision.py [--preset NAME].

Prints how many times as long bf16 takes, and which of them training chooses here. Batches are of the samples in data/samples
and both take turns, so that a busy machine is busy for both.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import torch

from vla_isaac.core.resources import resource
from vla_isaac.training.config import train_preset
from vla_isaac.training.experiment import make_card, make_model
from vla_isaac.training.hardware import OneDevice, find_hardware
from vla_isaac.training.trainer import VLATrainer
from vla_isaac.training.training_run import source_of

WAYS = ("bf16", "fp32")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--preset", default="vla_transformer")
    words.add_argument("--dataset", type=Path, default=resource("data", "samples"))
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--threads", type=int, default=2)
    given = words.parse_args()
    torch.set_num_threads(given.threads)
    config = train_preset(given.preset)
    with tempfile.TemporaryDirectory() as folder:
        data = source_of([given.dataset], config, cache=Path(folder) / "frames")
        models = {way: make_model(config, data) for way in WAYS}
        card, batch = make_card(config, data, [given.dataset]), next(data.training(0))
        trainers = {
            way: VLATrainer(model, data, config, card=card, folder=Path(folder), hardware=OneDevice(way))
            for way, model in models.items()
        }
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(given.rounds + 1):
            for way, trainer in trainers.items():
                begin = time.perf_counter()
                trainer.train_step(dict(batch))
                seconds[way].append(time.perf_counter() - begin)
    best = {way: min(times[1:]) for way, times in seconds.items()}
    chosen = find_hardware("bf16").precision
    ratio = best["bf16"] / best["fp32"]
    print(f"an update of {given.preset}: {best['bf16']:.2f} s in bf16, {best['fp32']:.2f} s in fp32: {ratio:.2f} times")
    print(f"a preset that asks for bf16 is trained in {chosen} here")
    print(json.dumps({**best, "ratio": ratio, "chosen": chosen}))


if __name__ == "__main__":
    main()
