"""What learns from demonstrations: it can learn, every weight takes part, and what should not matter does not."""

from __future__ import annotations

import time

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.zoo import CHAPTER, OWN, batch_of, picked, tiny, total  # noqa: E402
from vla_isaac.core.errors import ConfigError, ShapeError, VlaIsaacError  # noqa: E402
from vla_isaac.models.base import load_model  # noqa: E402

NUMBERS = ("raw", "grounding", "objects")


def answers(model, batch):
    with torch.no_grad():
        outputs = model(batch)
    return {name: outputs[name] for name in NUMBERS}


def is_same(one, other, tolerance=1e-5):
    return all(torch.allclose(one[name], other[name], atol=tolerance) for name in NUMBERS)


def overfits(name, samples, steps):
    """Tell whether training on a few samples brings their loss to a hundredth of the first one."""
    torch.manual_seed(0)
    model = tiny(name).eval()
    batch = batch_of(samples, model)
    optimizer = torch.optim.AdamW(model.parameters(), 6e-3, weight_decay=0.0)
    begin = float(total(model, batch).detach())
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 6e-3 * min(1.0, (step + 1) / 20) * (1 - step / steps) ** 2
        loss = total(model, batch)
        if loss.detach() <= 0.01 * begin:
            break
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return float(total(model, batch).detach()) <= 0.01 * begin


@pytest.mark.parametrize("name", ["keypoints", *CHAPTER])
def test_it_overfits_8_samples_to_a_hundredth_of_its_first_loss(name):
    assert overfits(name, samples=8, steps=250)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keypoints", *CHAPTER])
def test_it_overfits_64_samples_to_a_hundredth_of_its_first_loss(name):
    assert overfits(name, samples=64, steps=900)


@pytest.mark.parametrize("name", OWN)
def test_a_gradient_reaches_every_weight(name):
    torch.manual_seed(0)
    model = tiny(name).train()
    total(model, batch_of(48, model)).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


@pytest.mark.parametrize("name", OWN)
def test_padding_of_a_sentence_does_not_change_an_answer(name):
    model = tiny(name).eval()
    batch = batch_of(4, model)
    longer = {**batch, "words": torch.nn.functional.pad(batch["words"], (0, 5)),
              "pieces": torch.nn.functional.pad(batch["pieces"], (0, 0, 0, 5))}  # fmt: skip
    assert is_same(answers(model, batch), answers(model, longer))


@pytest.mark.parametrize("name", OWN)
def test_samples_of_a_batch_do_not_know_of_each_other(name):
    model = tiny(name).eval()
    batch = batch_of(6, model)
    whole, back = answers(model, batch), answers(model, picked(batch, range(5, -1, -1)))
    assert is_same(whole, {n: v.flip(0) for n, v in back.items()})
    alone = [answers(model, picked(batch, [i])) for i in range(6)]
    assert is_same(whole, {n: torch.cat([one[n] for one in alone]) for n in NUMBERS})


@pytest.mark.parametrize("name", OWN)
def test_a_saved_model_gives_the_same_answers_bit_for_bit(name, tmp_path):
    model = tiny(name).eval()
    model.save_pretrained(tmp_path)
    batch, again = batch_of(4, model), load_model(tmp_path)
    mine, theirs = answers(model, batch), answers(again, batch)
    assert type(again) is type(model)
    assert all(mine[name].equal(theirs[name]) for name in NUMBERS)


@pytest.mark.parametrize("name", OWN)
def test_it_does_without_proprioception(name):
    model = tiny(name, uses_proprioception=False).eval()
    batch = batch_of(4, model)
    changed = {**batch, "state": batch["state"] + 1.0}
    assert is_same(answers(model, batch), answers(model, changed))


@pytest.mark.parametrize("name", OWN)
def test_pictures_words_and_state_all_change_the_answer(name):
    model = tiny(name).eval()
    batch = batch_of(4, model)
    said = answers(model, batch)
    for changed in (
        {"images": {n: 255 - rgb for n, rgb in batch["images"].items()}},
        {"words": batch["words"].flip(0), "pieces": batch["pieces"].flip(0)},
        {"state": batch["state"] + 0.5},
    ):
        assert not torch.allclose(answers(model, {**batch, **changed})["raw"], said["raw"], atol=1e-4)


@pytest.mark.parametrize("name", CHAPTER)
def test_a_sentence_that_was_read_before_gives_the_same_answer(name):
    model = tiny(name).eval()
    batch = batch_of(4, model)
    with torch.no_grad():
        read = model.read_once(batch)
    without = {key: value for key, value in batch.items() if key not in ("words", "pieces")}
    assert is_same(answers(model, batch), answers(model, {**without, **read}), 0.0)


@pytest.mark.parametrize("name", OWN)
def test_where_it_looked_is_a_share_of_the_picture(name):
    model = tiny(name).eval()
    with torch.no_grad():
        heat = model.heat(model(batch_of(2, model)))
    assert set(heat) == {"front", "wrist"}
    assert all(torch.allclose(maps.sum((1, 2)), torch.ones(2), atol=1e-4) for maps in heat.values())


@pytest.mark.parametrize("name", OWN)
def test_pictures_of_another_size_or_kind_are_refused(name):
    model = tiny(name)
    batch = batch_of(2, model)
    for odd in ({n: rgb[..., :8] for n, rgb in batch["images"].items()}, {n: r.float() for n, r in batch["images"].items()}):
        with pytest.raises(ShapeError, match="front"):
            model.check({**batch, "images": odd})


@pytest.mark.parametrize("name", CHAPTER)
def test_a_sentence_longer_than_it_was_made_for_is_refused(name):
    model = tiny(name)
    batch = batch_of(2, model)
    with pytest.raises(ShapeError, match=r"13 words.*12"):
        model({**batch, "words": torch.ones(2, 13, dtype=torch.int64), "pieces": torch.ones(2, 13, 3, dtype=torch.int64)})


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path):
    tiny("hierarchical").save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"model_type": "hierarchical"', '"model_type": "multi_task"'))
    with pytest.raises(ConfigError, match="different models"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", CHAPTER)
def test_an_unknown_encoder_is_named_with_those_there_are(name):
    with pytest.raises(VlaIsaacError, match=r"resnet51|rt1_style"):
        tiny(name, vision="resnet51", vision_settings=None)
    with pytest.raises(VlaIsaacError, match="bart"):
        tiny(name, language="bart", language_settings=None)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The settings of the hub's library: nothing fetched before, and nothing at its address."""
    hub = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between its attempts
    return hub


@pytest.mark.parametrize("part", ["vision", "language"])
@pytest.mark.parametrize("is_offline", [False, True])
def test_weights_that_are_not_here_come_with_how_to_get_them(hub, monkeypatch, part, is_offline):
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", is_offline)
    with pytest.raises(ConfigError, match="hf download openai/clip-vit-base-patch32"):
        tiny("vla_transformer", **{part: "openai/clip-vit-base-patch32"})
