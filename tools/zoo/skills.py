"""Which skill `hierarchical` chooses, step by step: ``python -m tools.zoo.skills``. Its weights are asked by torch.

Also prints how much the choice matters: the spread of the first action over all skills at an episode's beginning.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

import vla_isaac
from tools.zoo.recipe import REPORTED_FROM, checkpoint
from vla_isaac.core.types import ActionChunk, Observation
from vla_isaac.models.base import Batch, load_model
from vla_isaac.models.io_names import IMAGE, SKILL
from vla_isaac.policies.learned import LearnedPolicy

INSTRUCTION = "Pick up the red cube and place it on the blue box"


class Asked(LearnedPolicy):
    """The policy, whose skill is written down at each step."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, declines=False)
        self._model = load_model(folder).eval()
        self.skills: list[int] = []
        self.spread: list[float] = []

    @torch.no_grad()
    def act(self, observation: Observation) -> ActionChunk:
        """Act as ever, and keep the skill."""
        numbers = {name: torch.from_numpy(value) for name, value in self.feed(observation, remember=False).items()}
        batch: Batch = {name: value for name, value in numbers.items() if not name.startswith(IMAGE)}
        batch["images"] = {name.removeprefix(IMAGE): value for name, value in numbers.items() if name.startswith(IMAGE)}
        outputs = self._model(batch)
        self.skills.append(int(outputs["selected_skill"][0]))
        if not self.spread:
            count = outputs["skill_logits"].shape[1]
            actions = [self._model({**batch, SKILL: torch.tensor([skill])})["raw"][0, 0] for skill in range(count)]
            self.spread = torch.stack(actions).std(0).tolist()
        return super().act(observation)


def main() -> int:
    """Run a few episodes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/zoo"))
    parser.add_argument("--seed", type=int, default=REPORTED_FROM + 10)
    parser.add_argument("--episodes", type=int, default=3)
    options = parser.parse_args()
    policy = Asked(checkpoint(options.runs, "hierarchical"))
    with vla_isaac.make_session(backend="mujoco", policy=policy) as session:
        for seed in range(options.seed, options.seed + options.episodes):
            policy.skills.clear()
            result = session.run(vla_isaac.make_request(INSTRUCTION, seed=seed))
            print(seed, "succeeded" if result.success else "failed", "".join(map(str, policy.skills)))
    print("spread of the first action over skills (translation, rotation, gripper's logit):")
    print(" ".join(f"{value:.2f}" for value in policy.spread))
    return 0


if __name__ == "__main__":
    sys.exit(main())
