"""Whether the shipped policy answers alike on two releases of onnxruntime, over an episode's worth of decisions.

    pip install --target /tmp/older onnxruntime==1.23.2 --no-deps
    python tools/compare_onnxruntime.py /tmp/older

Prints the largest difference of actions, confidence and memory; exits with 1 above 1e-4.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DECISIONS, TOLERANCE = 40, 1e-4


def main() -> int:
    """Run both in processes of their own and compare."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("other", type=Path, help="folder that holds the other release")
    words.add_argument("--checkpoint", type=Path, default=ROOT / "data" / "checkpoints" / "mini")
    words.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.answer is not None:
        answer(given.checkpoint, given.answer)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        answers = [_asked(given, Path(folder) / f"{i}.npz", path) for i, path in enumerate((None, given.other))]
    (here, first), (there, second) = answers
    worst = max(float(np.abs(first[name] - second[name]).max()) for name in first)
    print(f"onnxruntime {here} and {there} differ by {worst:.1e} at the most over {DECISIONS} decisions")
    return int(worst > TOLERANCE)


def _asked(given: argparse.Namespace, out: Path, first_on_path: Path | None) -> tuple[str, dict[str, np.ndarray]]:
    path = os.pathsep.join(str(one) for one in (first_on_path, ROOT) if one is not None)
    command = [sys.executable, __file__, str(given.other), "--checkpoint", str(given.checkpoint), "--answer", str(out)]
    told = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True)
    with np.load(out, allow_pickle=False) as file:
        return told.stdout.strip(), {name: file[name] for name in file.files}


def answer(checkpoint: Path, out: Path) -> None:
    """Decide about random pictures, each decision with the memory of the one before, and write what came of it."""
    from vla_isaac.core.optional import require

    onnxruntime = require("onnxruntime", extra="policy", need="this comparison")
    random = np.random.default_rng(0)
    session = onnxruntime.InferenceSession(str(checkpoint / "model.onnx"), providers=["CPUExecutionProvider"])
    feed = {one.name: np.zeros([max(1, n) if isinstance(n, int) else 8 for n in one.shape]) for one in session.get_inputs()}
    kinds = {one.name: one.type for one in session.get_inputs()}
    found: dict[str, list[np.ndarray]] = {}
    for _ in range(DECISIONS):
        for name, values in feed.items():
            if "uint8" in kinds[name]:
                feed[name] = random.integers(0, 256, values.shape).astype(np.uint8)
            elif "int64" in kinds[name]:
                feed[name] = random.integers(1, 90, values.shape).astype(np.int64)
            elif name == "memory":
                feed[name] = found["next_memory"][-1] if found else values.astype(np.float32)
            else:
                feed[name] = random.uniform(-0.5, 0.5, values.shape).astype(np.float32)
        for one, values in zip(session.get_outputs(), session.run(None, feed), strict=True):
            found.setdefault(one.name, []).append(values)
    np.savez(out, **{name: np.stack(values) for name, values in found.items()})  # type: ignore[arg-type]
    print(onnxruntime.__version__)


if __name__ == "__main__":
    sys.exit(main())
