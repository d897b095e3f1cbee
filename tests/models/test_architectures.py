"""What each architecture of the chapter promises, and no other does."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.zoo import TASKS, batch_of, picked, tiny, total  # noqa: E402
from vla_isaac.core.errors import ConfigError, ShapeError, VlaIsaacError  # noqa: E402


def forward(model, batch):
    with torch.no_grad():
        return model(batch)


# ---- vla_transformer


def test_words_attend_to_places_and_places_to_words():
    model = tiny("vla_transformer").eval()
    batch = batch_of(3, model)
    with torch.no_grad():
        words, places = model.encode_language(batch), model.encode_vision(batch)
        assert words.shape == (3, 6, 16) and places.shape[2] == 16 and places.shape[1] > 6
        mixed_words, mixed_places = model.trunk.layers[0](words, places, batch["words"] > 0)
        words_after, _ = model.trunk.layers[0](words, places + torch.randn_like(places[:, :1]) * 3, batch["words"] > 0)
        _, places_after = model.trunk.layers[0](words + torch.randn_like(words[:, :1]) * 3, places, batch["words"] > 0)
    assert not torch.allclose(mixed_words, words_after) and not torch.allclose(mixed_places, places_after)


def test_a_value_is_a_share_and_the_policy_head_a_distribution_over_bins():
    model = tiny("vla_transformer").eval()
    outputs = forward(model, batch_of(3, model))
    assert outputs["values"].shape == (3,) and ((outputs["values"] > 0) & (outputs["values"] < 1)).all()
    assert outputs["policy_logits"].shape == (3, 7, 5)


# ---- rt1_style


def test_a_later_frame_never_changes_an_earlier_action():
    model = tiny("rt1_style").eval()
    batch = batch_of(2, model)
    before = forward(model, batch)
    for frame in (1, 2):
        images = {n: rgb.clone() for n, rgb in batch["images"].items()}
        state = batch["state"].clone()
        for rgb in images.values():
            rgb[:, frame:] = 255 - rgb[:, frame:]
        state[:, frame:] += 1.0
        after = forward(model, {**batch, "images": images, "state": state})
        for name in ("past_raw", "bin_logits"):
            assert torch.allclose(before[name][:, :frame], after[name][:, :frame], atol=1e-6)
            assert not torch.allclose(before[name][:, frame], after[name][:, frame], atol=1e-3)


def test_an_earlier_frame_does_change_a_later_action():
    model = tiny("rt1_style").eval()
    batch = batch_of(2, model)
    images = {n: torch.cat([255 - rgb[:, :1], rgb[:, 1:]], dim=1) for n, rgb in batch["images"].items()}
    before, after = forward(model, batch), forward(model, {**batch, "images": images})
    assert not torch.allclose(before["raw"], after["raw"], atol=1e-4)


def test_frame_by_frame_with_its_memory_it_answers_as_with_the_whole_history():
    model = tiny("rt1_style").eval()
    batch = batch_of(2, model)
    memory = torch.zeros(2, model.memory_width())
    for frame in range(3):
        now = {n: rgb[:, frame : frame + 1] for n, rgb in batch["images"].items()}
        at_work = forward(model, {**batch, "images": now, "state": batch["state"][:, frame : frame + 1], "memory": memory})
        memory = at_work["memory"]
        first = [0] * (2 - frame) + list(range(frame + 1))  # before the beginning the first frame is repeated
        past = {n: rgb[:, first] for n, rgb in batch["images"].items()}
        whole = forward(model, {**batch, "images": past, "state": batch["state"][:, first]})
        assert torch.allclose(at_work["raw"], whole["raw"], atol=1e-5)
        assert torch.allclose(at_work["bin_logits"][:, -1], whole["bin_logits"][:, -1], atol=1e-5)


def test_acting_by_bins_takes_the_middle_of_the_likeliest():
    model = tiny("rt1_style", acts_by="bins").eval()
    outputs = forward(model, batch_of(3, model))
    actions = model.act(outputs).actions
    likeliest = outputs["bin_logits"][:, -1].argmax(-1)
    assert torch.allclose(actions[:, 0, :6], (likeliest[:, :6] + 0.5) / 8 - 1)
    assert set(actions[:, 0, 6].tolist()) <= {0.0, 1.0}


def test_an_encoder_that_a_sentence_cannot_turn_is_refused_for_rt1():
    with pytest.raises(ConfigError, match="clip-small"):
        tiny("rt1_style", vision="clip-small")


# ---- multi_task


def test_a_batch_of_mixed_tasks_is_as_each_sample_by_its_own_head():
    model = tiny("multi_task").eval()
    batch = batch_of(6, model)
    tasks = torch.tensor([0, 1, 2, 2, 1, 0])
    mixed = model.get_task_specific_action(batch, tasks)
    for i, task in enumerate(tasks.tolist()):
        alone = model.get_task_specific_action(picked(batch, [i]), task)
        assert torch.allclose(mixed[i], alone[0], atol=1e-5)
    assert not torch.allclose(mixed, model.get_task_specific_action(batch, 0), atol=1e-3)


def test_only_the_head_of_a_task_learns_from_its_samples():
    model = tiny("multi_task").train()
    batch = picked(batch_of(12, model), [1, 7])
    assert batch["task"] == ["place_on", "place_on"]
    total(model, batch).backward()
    used = model.task_heads.first.grad.abs().sum((1, 2)) > 0
    assert used.tolist() == [name == "place_on" for name in TASKS]


def test_without_a_task_the_classifier_chooses():
    model = tiny("multi_task").eval()
    outputs = forward(model, batch_of(5, model))
    assert outputs["task_id"].equal(outputs["task_logits"].argmax(1))


@pytest.mark.parametrize("name", ["multi_task", "custom_vla"])
@pytest.mark.parametrize("task", [-1, 3])
def test_a_task_out_of_range_is_named(name, task):
    model = tiny(name).eval()
    with pytest.raises(ShapeError, match=rf"task_id {task} is out of range; there are 3"):
        model({**batch_of(2, model), "task_id": torch.tensor([0, task])})


def test_one_task_for_two_samples_is_refused():
    model = tiny("multi_task").eval()
    with pytest.raises(ShapeError, match="one for each sample"):
        model.get_task_specific_action(batch_of(2, model), torch.tensor([0]))


def test_data_of_a_task_it_was_not_made_for_is_refused():
    model = tiny("multi_task")
    batch = {**batch_of(2, model), "task": ["lift", "juggle"]}
    with pytest.raises(VlaIsaacError, match="juggle"):
        total(model, batch)


# ---- hierarchical


def test_the_choice_of_a_skill_changes_the_action():
    model = tiny("hierarchical").eval()
    batch = batch_of(2, model)
    by_skill = [forward(model, {**batch, "skill": torch.tensor([s, s])})["raw"] for s in range(4)]
    for one in range(4):
        for other in range(one):
            assert not torch.allclose(by_skill[one], by_skill[other], atol=1e-3)


def test_the_chosen_skill_is_one_and_the_selector_learns_through_it():
    torch.manual_seed(0)
    model = tiny("hierarchical").train()
    outputs = model(batch_of(8, model))
    assert ((outputs["selected_skill"] >= 0) & (outputs["selected_skill"] < 4)).all()
    outputs["raw"].sum().backward()  # the actions alone, without the term that spreads skills
    assert model.skill_selector[0].weight.grad.abs().sum() > 0


def test_at_work_the_likeliest_skill_is_chosen_each_time():
    model = tiny("hierarchical").eval()
    batch = batch_of(8, model)
    one, other = forward(model, batch), forward(model, batch)
    assert one["raw"].equal(other["raw"])
    assert one["selected_skill"].equal(one["skill_logits"].argmax(1))


def test_a_skill_out_of_range_is_named():
    model = tiny("hierarchical").eval()
    with pytest.raises(ShapeError, match="skill 4 is out of range; there are 4"):
        model({**batch_of(1, model), "skill": torch.tensor([4])})


# ---- custom_vla


def test_the_task_is_a_hint_that_changes_the_answer_and_may_be_left_out():
    model = tiny("custom_vla").eval()
    batch = batch_of(2, model)
    plain = forward(model, batch)["raw"]
    hinted = [forward(model, {**batch, "task_id": torch.tensor([t, t])})["raw"] for t in range(3)]
    assert all(not torch.allclose(plain, one, atol=1e-4) for one in hinted)
    assert not torch.allclose(hinted[0], hinted[1], atol=1e-4)


def test_its_encoders_are_of_the_clip_family():
    model = tiny("custom_vla")
    assert type(model.language.network).__name__ == "CLIPTextModel"
    assert type(model.trunk.eyes.of["every"].network).__name__ == "CLIPVisionModel"
