"""What `keypoints` and its loss do beside what every model does that learns from demonstrations (test_zoo.py)."""

from __future__ import annotations

import numpy as np
import pytest

from vla_isaac.robots import kinematics, panda

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.models.keypoints.configuration import KeypointConfig  # noqa: E402
from vla_isaac.models.keypoints.network import KeypointVLA  # noqa: E402
from vla_isaac.models.kinematics import LEAN, MIDDLE, REACH, UNIT, HandPose  # noqa: E402

STATE = [*panda.ARM_JOINTS, "gripper_width"]


def tiny(**changes) -> KeypointVLA:
    torch.manual_seed(0)
    sizes = {"stem_channels": 8, "channels": 8, "blocks": 1, "keypoints": 4, "spoken_keypoints": 2, "text_dim": 8,
             "text_slots": 2, "hidden": 128, "image_hw": [16, 16], "chunk": 2, "state_names": STATE, "num_words": 20,
             "num_buckets": 32}  # fmt: skip
    return KeypointVLA(KeypointConfig(**{**sizes, **changes}))


def batch_of(size: int, seed: int = 0) -> dict:
    g = torch.Generator().manual_seed(seed)
    words = torch.randint(2, 20, (size, 6), generator=g)
    fits = (torch.arange(size) % 4 > 0).float()
    words[:, 0] = 2 + fits.long()
    return {
        "images": {
            n: torch.randint(0, 256, (size, 1, 3, 16, 16), generator=g, dtype=torch.uint8) for n in ("front", "wrist")
        },
        "state": torch.rand(size, 1, 8, generator=g) * 2 - 1,
        "words": words,
        "pieces": torch.randint(1, 33, (size, 6, 3), generator=g),
        "actions": torch.cat(
            [torch.rand(size, 2, 6, generator=g) * 2 - 1, torch.ones(size, 2, 1) * fits[:, None, None]], dim=2
        ),
        "is_pad": torch.zeros(size, 2, dtype=torch.bool),
        "goal_objects": torch.rand(size, 6, generator=g),
        "is_fitting": fits,
    }


def total(model, batch):
    return torch.stack(list(model.loss(batch, model(batch)).values())).sum()


def test_actions_past_an_episodes_end_do_not_count():
    model, batch = tiny().eval(), batch_of(4)
    batch["is_pad"][:, 1] = True
    before = total(model, batch)
    batch["actions"][:, 1] = 77.0
    assert total(model, batch).equal(before)


def test_a_sentence_that_does_not_fit_teaches_only_doubt():
    model, batch = tiny().eval(), batch_of(4)
    batch["is_fitting"] = torch.zeros(4)
    terms = model.loss(batch, model(batch))
    assert terms["translation"].item() == terms["objects"].item() == 0.0
    assert terms["grounding"].item() > 0.0


def test_an_object_there_is_none_of_does_not_count():
    model, batch = tiny().eval(), batch_of(4)
    batch["goal_objects"][:, 3:] = torch.nan
    outputs = model(batch)
    outputs["objects"] = (batch["goal_objects"].nan_to_num(7.0) - torch.tensor(2 * MIDDLE)) / UNIT
    outputs["objects"][:, :3] += 2.0  # a smooth L1 distance of 2 - 1/2
    found = model.loss(batch, outputs)["objects"].item()
    assert found == pytest.approx(1.5 * model.config.loss_weights["objects"])


def test_an_object_there_is_none_of_pulls_at_no_answer():
    model, batch = tiny().eval(), batch_of(4)
    batch["goal_objects"][:, 3:] = torch.nan
    outputs = model(batch)
    outputs["objects"] = outputs["objects"].detach().requires_grad_()
    model.loss(batch, outputs)["objects"].backward()
    pull = outputs["objects"].grad[batch["is_fitting"] > 0]
    assert (pull[:, :3] != 0).all()
    assert (pull[:, 3:] == 0).all()


def test_the_hand_is_where_the_kinematics_say():
    qpos = np.random.default_rng(0).uniform(panda.QPOS_LOWER, panda.QPOS_UPPER, size=(5, 7))
    got = HandPose()(torch.from_numpy(qpos.astype(np.float32))).numpy()
    wanted = kinematics.forward_kinematics(qpos)
    assert np.abs(got[:, :3] * REACH + MIDDLE - wanted[:, :3, 3]).max() < 1e-5
    assert np.abs(got[:, 3:6] - wanted[:, :3, 0]).max() < 1e-5
    assert np.abs(got[:, 9:] * LEAN - wanted[:, :2, 2]).max() < 1e-5


def test_it_has_at_most_three_million_weights_as_shipped():
    model = KeypointVLA(KeypointConfig(state_names=STATE, num_words=300))
    assert sum(p.numel() for p in model.parameters()) <= 3_000_000


@pytest.mark.parametrize("history", [1, 3])
def test_it_takes_a_history(history):
    model = tiny(history=history).eval()
    batch = batch_of(2)
    batch["images"] = {n: v.expand(-1, history, -1, -1, -1) for n, v in batch["images"].items()}
    batch["state"] = batch["state"].expand(-1, history, -1)
    assert model(batch)["raw"].shape == (2, 2, 7)


def test_the_gripper_is_told_to_close_or_to_open_and_never_something_between():
    import torch

    model = tiny()
    logits = torch.linspace(-6, 6, 49).view(-1, 1, 1).expand(-1, model.config.chunk, len(model.config.action_names))
    answer = model.act({"raw": logits.contiguous(), "grounding": torch.zeros(49)})
    gripper = answer.actions[..., -1]
    assert set(gripper[gripper < 0.7].tolist()) == {0.0}
    assert (gripper == 0.0).any() and (gripper > 0.95).any()
    assert torch.equal(answer.actions[..., 0], logits[..., 0])
