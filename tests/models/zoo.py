"""Tiny models of every architecture that learns from demonstrations, and batches for them."""

from __future__ import annotations

import torch

from vla_isaac.models import MODELS
from vla_isaac.robots import panda

STATE = [*panda.ARM_JOINTS, "gripper_width"]
TASKS = ["lift", "place_on", "reach"]
SIZES = {"stem_channels": 8, "channels": 8, "blocks": 1, "text_dim": 16, "text_layers": 1, "hidden": 128,
         "image_hw": [16, 16], "chunk": 2, "state_names": STATE, "num_words": 20, "num_buckets": 32,
         "max_words": 12}  # fmt: skip
TRUNK = {"dim": 16, "heads": 2, "layers": 1, "slots": 3}
SMALL_CLIP = {
    "vision_settings": {
        "model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 2, "patch_size": 4, "image_size": 16, "projection_dim": 8,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    },
    "language_settings": {
        "model_type": "clip_text_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 2, "projection_dim": 8, "vocab_size": 20, "max_position_embeddings": 12, "pad_token_id": 0,
        "bos_token_id": 1, "eos_token_id": 1,
    },
}  # fmt: skip
OWN = {
    "keypoints": {"keypoints": 4, "spoken_keypoints": 2, "text_slots": 2},
    "vla_transformer": {**TRUNK, "policy_bins": 5},
    "rt1_style": {"dim": 16, "heads": 2, "layers": 2, "tokens": 3, "narrow": 8, "bins": 16, "history": 3},
    "multi_task": {**TRUNK, "tasks": TASKS, "task_dim": 8, "head_hidden": 64},
    "hierarchical": {**TRUNK, "skills": 4, "skill_dim": 8, "plan_dim": 8},
    "custom_vla": {**TRUNK, "tasks": TASKS, **SMALL_CLIP},
}
CHAPTER = tuple(name for name in OWN if name != "keypoints")


def tiny(name: str, **changes):
    """Return a model with few weights, the same every time."""
    torch.manual_seed(0)
    kind = MODELS.load(name)
    return kind(kind.config_class(**{**SIZES, **OWN[name], **changes}))


def batch_of(size: int, model, seed: int = 0) -> dict:
    """Return random samples; each fourth has a sentence that does not fit, which its first word tells."""
    config, g = model.config, torch.Generator().manual_seed(seed)
    frames, (height, width) = config.history, config.image_hw
    words = torch.randint(2, 20, (size, 6), generator=g)
    fits = (torch.arange(size) % 4 > 0).float()
    words[:, 0] = 2 + fits.long()
    task = torch.arange(size) % len(TASKS)
    words[:, 1] = 5 + task
    shape = (size, frames, 3, height, width)
    opens = torch.ones(size, 2, 1) * fits[:, None, None]
    return {
        "images": {n: torch.randint(0, 256, shape, generator=g, dtype=torch.uint8) for n in config.cameras},
        "state": torch.rand(size, frames, len(config.state_names), generator=g) * 2 - 1,
        "words": words,
        "pieces": torch.randint(1, 33, (size, 6, 3), generator=g),
        "actions": torch.cat([torch.rand(size, 2, 6, generator=g) * 2 - 1, opens], dim=2),
        "past_actions": torch.rand(size, frames - 1, 7, generator=g).round(),
        "is_pad": torch.zeros(size, 2, dtype=torch.bool),
        "steps_left": torch.randint(0, 60, (size,), generator=g).float(),
        "goal_objects": torch.rand(size, 6, generator=g),
        "goal_pixels": {n: torch.rand(size, 2, 2, generator=g) * 0.5 + 0.26 for n in config.cameras},
        "is_fitting": fits,
        "task": [TASKS[int(number)] for number in task],
        "episode": [str(number) for number in range(size)],
    }


def total(model, batch):
    """Return what is minimised."""
    return torch.stack(list(model.loss(batch, model(batch)).values())).sum()


def picked(batch: dict, rows) -> dict:
    """Return some samples of a batch."""
    numbers = list(range(len(batch["state"])))[rows] if isinstance(rows, slice) else list(rows)

    def of(value):
        if isinstance(value, dict):
            return {name: of(one) for name, one in value.items()}
        return [value[i] for i in numbers] if isinstance(value, list) else value[numbers]

    return {name: of(value) for name, value in batch.items()}
