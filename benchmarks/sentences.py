"""Time to read a sentence with the grounding network, and as a share of a decision of the policy that uses it.

Thirty sentences of the corpus in a scene of nine objects, on one thread, after a warm-up; medians.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from vla_isaac.core.resources import resource
from vla_isaac.grounding.network import shipped_grounding
from vla_isaac.grounding.said_sentences import read_sentences
from vla_isaac.models.goal_query import NUM_GOALS, UNSPECIFIED, WIDTH
from vla_isaac.models.grounding.scene_objects import objects_of
from vla_isaac.models.onnx_network import OnnxNetwork
from vla_isaac.scene.builder import scene_preset

LIMIT_MS = 20.0
VOICE = Path(__file__).parents[1] / "config" / "language" / "corpus" / "tester.tsv"


def main() -> None:
    """Print the times and the ratio."""
    bodies = scene_preset("clutter").bodies
    rng = np.random.default_rng(0)
    scene = objects_of(bodies, rng.uniform(-0.3, 0.3, (len(bodies), 2)))
    network = shipped_grounding()
    sentences = [said.sentence for said in read_sentences(VOICE) if said.scene == "clutter"][:30]
    reading = sorted(milliseconds(lambda text=text: network.read(text, scene)) for text in sentences)
    policy = OnnxNetwork(resource("data", "checkpoints", "mini") / "model.onnx", threads=1)
    goals = np.full((1, NUM_GOALS, WIDTH), UNSPECIFIED, dtype=np.int64)
    goals[:, :, 0] = 0
    pictures = {f"image_{name}": np.zeros((1, 1, 3, 128, 128), dtype=np.uint8) for name in ("front", "wrist")}
    feed = {
        **pictures, "goals": goals, "state": np.zeros((1, 1, 8), dtype=np.float32),
        "memory": np.zeros((1, policy.width("memory")), dtype=np.float32),
    }  # fmt: skip
    decision = milliseconds(lambda: policy.run(feed, ("actions",)))
    median = statistics.median(reading)
    print(f"a sentence   {median:.1f} ms, the slowest of {len(reading)} {reading[-1]:.1f} ms (limit {LIMIT_MS:.0f} ms)")
    print(f"a decision   {decision:.1f} ms")
    print(f"ratio        {median / decision:.2f} decisions for a sentence, read once an episode")


def milliseconds(call: object, repeats: int = 15) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()  # type: ignore[operator]
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times[1:])


if __name__ == "__main__":
    main()
