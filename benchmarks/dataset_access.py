"""How fast samples come out of a dataset, compared with LeRobot's own reader on the same files.

    python benchmarks/dataset_access.py [DATASET] [--lerobot /path/to/its/bin/python]

Samples at random, all cameras decoded to uint8, by one process with nothing decoded before; files are first taken out of the
system's memory where it allows that. LeRobot runs in its own interpreter, with one thread of torch (its default of all
cores is slower here, much slower on a busy machine) and each of its video backends that loads. On a shared machine compare
CPU time, which others disturb less. Then a small model is trained on the batches, and the share of time it waits is told.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vla_isaac.core.resources import resource
from vla_isaac.datasets.loading import Augmentation, FrameCache, VLADataset, create_vla_dataloader

THEIRS = """
import json, random, sys, time, warnings
warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)
from lerobot.datasets.lerobot_dataset import LeRobotDataset
path, backend, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
dataset = LeRobotDataset("local/benchmark", root=path, video_backend=backend)
order = list(range(len(dataset)))
random.Random(0).shuffle(order)
wall, cpu = time.perf_counter(), time.process_time()
for index in order[:count]:
    dataset[index]
count = min(count, len(order))
print(json.dumps({"wall": count / (time.perf_counter() - wall), "cpu": count / (time.process_time() - cpu)}))
"""


def forget_files(path: Path) -> None:
    """Ask the system to drop what it remembers of these files."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file() and hasattr(os, "posix_fadvise"):
            handle = os.open(file, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def rates(work: Callable[[], int]) -> dict[str, float]:
    """Return samples per second, of the clock and of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    count = work()
    return {"wall": count / (time.perf_counter() - wall), "cpu": count / (time.process_time() - cpu)}


def ours(path: Path, count: int, cache: FrameCache | None = None) -> dict[str, float]:
    forget_files(path)
    dataset = VLADataset(path, chunk=1, cache=cache)
    order = list(range(len(dataset)))
    random.Random(0).shuffle(order)

    def read() -> int:
        for index in order[:count]:
            dataset[index]
        return len(order[:count])

    return rates(read)


def theirs(python: str, path: Path, backend: str, count: int) -> dict[str, float] | None:
    forget_files(path)
    done = subprocess.run(
        [python, "-c", THEIRS, str(path.resolve()), backend, str(count)],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"lerobot, {backend}: does not run here: {done.stderr.strip().splitlines()[-1][:100]}")
        return None
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def small_model(camera_count: int, state: int, actions: int) -> Any:
    """Return a network of about 0.6 million parameters, an encoder of its own for each camera."""
    import torch
    from torch import nn

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.eyes = nn.ModuleList(
                nn.Sequential(
                    nn.Conv2d(3, 24, 5, 2, 2), nn.GroupNorm(4, 24), nn.ReLU(),
                    nn.Conv2d(24, 48, 3, 2, 1), nn.GroupNorm(4, 48), nn.ReLU(),
                    nn.Conv2d(48, 48, 3, 1, 1), nn.ReLU(),
                    nn.Conv2d(48, 64, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
                )
                for _ in range(camera_count)
            )  # fmt: skip
            self.head = nn.Sequential(nn.Linear(camera_count * 1024 + state, 256), nn.ReLU(), nn.Linear(256, actions))

        def forward(self, pictures: list[Any], numbers: Any) -> Any:
            seen = [eye(picture) for eye, picture in zip(self.eyes, pictures, strict=True)]
            return self.head(torch.cat([*seen, numbers], dim=1))

    return Small().to(memory_format=torch.channels_last)


def waiting(path: Path, workers: int, steps: int, batch_size: int, cache: FrameCache | None) -> dict[str, float]:
    """Train for some steps and return the share of time spent waiting for batches, and the samples per second."""
    import torch

    torch.set_num_threads(1)
    loader = create_vla_dataloader(
        path, batch_size, workers=workers, endless=True, augmentation=Augmentation(), cache=cache, drop_last=True
    )
    batches: Iterator[dict[str, Any]] = iter(loader)
    first = next(batches)
    k, width = first["actions"].shape[1:]
    model = small_model(len(first["images"]), first["state"][:, -1].shape[1], k * width)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    waited, begin = 0.0, time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - asked
        pictures = [p[:, -1].float() / 255 for p in batch["images"].values()]
        predicted = model(pictures, batch["state"][:, -1])
        loss = (predicted - batch["actions"].flatten(1)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    total = time.perf_counter() - begin
    return {"waited": waited / total, "rate": steps * batch_size / total}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "dataset", type=Path, nargs="?", default=resource("data", "samples"), help="the samples in data/samples without"
    )
    parser.add_argument("--lerobot", help="an interpreter that has lerobot")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="ours and theirs in turn; the best of each counts")
    parser.add_argument("--steps", type=int, default=60, help="training steps; 0 trains nothing")
    parser.add_argument("--batch-size", type=int, default=32)
    args = parser.parse_args()

    best: dict[str, dict[str, float]] = {}
    backends = ["pyav", "torchcodec"] if args.lerobot else []
    for _ in range(args.rounds):
        found = {"vla_isaac": ours(args.dataset, args.samples)}
        for backend in list(backends):
            rate = theirs(args.lerobot, args.dataset, backend, args.samples)
            if rate is None:
                backends.remove(backend)
            else:
                found[f"lerobot, {backend}"] = rate
        for name, rate in found.items():
            best[name] = {key: max(value, best.get(name, rate)[key]) for key, value in rate.items()}
    for name, rate in best.items():
        times = {key: best["vla_isaac"][key] / value for key, value in rate.items()}
        ratio = "" if name == "vla_isaac" else f"; ours is {times['wall']:.1f} x, by CPU time {times['cpu']:.1f} x"
        print(f"{name}: {rate['wall']:.0f} samples/s, {rate['cpu']:.0f} per second of CPU{ratio}")

    with tempfile.TemporaryDirectory() as folder:
        ours(args.dataset, args.samples, FrameCache(folder))
        rate = ours(args.dataset, args.samples, FrameCache(folder))
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
        print(f"vla_isaac, second pass with frame cache: {rate['wall']:.0f} samples/s; cache {size:.0f} MiB")
        if args.steps:
            for workers, cache in ((0, None), (1, None), (2, None), (1, FrameCache(folder))):
                figures = waiting(args.dataset, workers, args.steps, args.batch_size, cache)
                told = f"{workers} workers" + (", frame cache" if cache else "")
                print(f"training, {told}: waits {figures['waited']:.1%} of the time; {figures['rate']:.0f} samples/s")


if __name__ == "__main__":
    sys.exit(main())
