"""The trainer: it learns, it goes on exactly where it stopped, and it keeps what it had."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vla_isaac.core.errors import ConfigError, DatasetError, ShapeError, UsageError, VlaIsaacError
from vla_isaac.training import training_run

pytest.importorskip("torch")
pytest.importorskip("transformers")


def curve(folder) -> list[float]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_a_resumed_training_repeats_the_loss_curve_of_an_uninterrupted_one_bit_for_bit(make_trainer, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    make_trainer(whole).train()
    first = make_trainer(broken)
    first.train_epoch()
    first._keep({})
    second = make_trainer(broken)
    assert second.resume()
    assert second.step == 4
    second.train()
    assert len(curve(broken)) == 8
    assert curve(broken) == curve(whole)


def test_an_epoch_returns_the_mean_loss_of_its_updates_also_where_it_is_a_short_one(make_trainer, tmp_path):
    trainer = make_trainer(tmp_path / "run", steps=7)
    means = [trainer.train_epoch(), trainer.train_epoch()]
    for watcher in trainer._watchers:
        watcher.close()
    losses = curve(tmp_path / "run")
    assert (trainer.step, len(losses)) == (7, 7)
    assert means == pytest.approx([sum(losses[:4]) / 4, sum(losses[4:]) / 3], rel=1e-6)


def test_resumed_weights_are_those_of_an_uninterrupted_training(make_trainer, tmp_path):
    whole = make_trainer(tmp_path / "whole")
    whole.train()
    first = make_trainer(tmp_path / "broken")
    first.train_epoch()
    first._keep({})
    second = make_trainer(tmp_path / "broken")
    second.resume()
    second.train()
    for mine, theirs in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert mine.equal(theirs)
    for mine, theirs in zip(whole.ema.values, second.ema.values, strict=True):
        assert mine.equal(theirs)


def test_the_same_seed_gives_the_same_training_and_another_seed_another(make_trainer, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        make_trainer(tmp_path / name, seed=seed, steps=4).train()
    assert curve(tmp_path / "a") == curve(tmp_path / "b")
    assert curve(tmp_path / "a") != curve(tmp_path / "c")


def test_a_checkpoint_gives_the_same_answers_bit_for_bit(make_trainer):
    import torch

    from vla_isaac.models.base import load_model

    trainer = make_trainer()
    trainer.train()
    batch = next(iter(trainer.data.validation()))
    trainer.model.eval()
    with trainer.ema.apply(), torch.no_grad():
        wanted = trainer.model.act(trainer.model(batch))
    with torch.no_grad():
        loaded = load_model(trainer.folder / "last")
        got = loaded.act(loaded(batch))
    assert wanted.actions.equal(got.actions)
    assert wanted.confidence.equal(got.confidence)


def test_an_interrupted_save_leaves_the_old_checkpoint_intact(make_trainer, monkeypatch):
    from vla_isaac.models.processor import VLAProcessor
    from vla_isaac.training.checkpoint import find_checkpoint

    trainer = make_trainer()
    trainer.train()
    before = {p.name: p.read_bytes() for p in (trainer.folder / "last").iterdir()}

    def cut(self, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(VLAProcessor, "save", cut)
    with pytest.raises(KeyboardInterrupt):
        trainer._save(True)
    last = find_checkpoint(trainer.folder / "last")
    assert last is not None
    assert {p.name: p.read_bytes() for p in last.iterdir()} == before


def test_a_save_that_was_cut_between_its_two_renamings_is_put_back(make_trainer):
    from vla_isaac.training.checkpoint import find_checkpoint

    trainer = make_trainer()
    trainer.train()
    (trainer.folder / "last").rename(trainer.folder / ".last.old")
    assert find_checkpoint(trainer.folder / "last") == trainer.folder / "last"


def test_resuming_with_another_configuration_says_what_differs(make_trainer):
    make_trainer().train()
    with pytest.raises(UsageError, match=r"batch_size 16 is now 8"):
        make_trainer(batch_size=8).resume()


def test_a_run_is_not_written_over(make_trainer, dataset, config):
    from vla_isaac.training.training_run import train_once

    trainer = make_trainer()
    trainer.train()
    with pytest.raises(UsageError, match=r"holds a training run; add --resume"):
        train_once(config, [dataset], trainer.folder)


def test_training_stops_early_when_validation_no_longer_improves(make_trainer, monkeypatch):
    trainer = make_trainer(steps=40, patience=2)
    monkeypatch.setattr(type(trainer), "validate", lambda self: {"loss": 1.0})
    report = trainer.train()
    assert report.stopped_early
    assert report.step == 12  # the first is best, the next two are not better


def test_a_loss_that_is_not_a_number_ends_the_training_with_the_episodes_of_the_batch(make_trainer):
    import torch

    trainer = make_trainer()
    next(trainer.model.parameters()).data.fill_(torch.nan)
    with pytest.raises(VlaIsaacError, match=r"not a number at step 1 \(episodes \["):
        trainer.train_epoch()


def test_out_of_memory_says_what_to_lower(make_trainer, monkeypatch):
    import torch

    trainer = make_trainer()

    def full(*args):
        raise torch.OutOfMemoryError("out")

    monkeypatch.setattr(type(trainer), "train_step", full)
    with pytest.raises(UsageError, match=r"batch_size=16; lower batch_size"):
        trainer.train()


def test_an_empty_dataset_is_refused(tmp_path, make_trainer):
    from tests.training.conftest import PLAN
    from vla_isaac.collection.collect import dataset_info
    from vla_isaac.datasets.formats import create_dataset

    writer = create_dataset(tmp_path / "empty.hdf5", dataset_info(PLAN), "hdf5")
    writer.close()
    with pytest.raises((UsageError, DatasetError)):
        make_trainer(paths=(tmp_path / "empty.hdf5",))


def test_a_camera_the_data_lacks_is_named(make_trainer):
    with pytest.raises(UsageError, match=r"has no camera 'side'"):
        make_trainer(cameras=("front", "side"))


def test_a_batch_of_another_action_width_is_refused(make_trainer):
    trainer = make_trainer()
    batch = next(iter(trainer.data.validation()))
    batch["actions"] = batch["actions"][..., :6]
    with pytest.raises(ShapeError, match=r"actions has shape .* expected \(B, 4, 7\)"):
        trainer.train_step(batch)


def test_a_run_from_before_a_field_existed_goes_on_with_its_default(make_trainer):
    from vla_isaac.datasets.loading.augmentation import Augmentation
    from vla_isaac.training.checkpoint import NUMBERS

    make_trainer(steps=6, augmentation=Augmentation()).train()
    path = make_trainer().folder / "last" / NUMBERS
    numbers = json.loads(path.read_text("utf-8"))
    del numbers["config"]["augmentation"]["black_share"], numbers["config"]["leave_out"]
    path.write_text(json.dumps(numbers), "utf-8")
    assert make_trainer(steps=6, augmentation=Augmentation()).resume()
    with pytest.raises(UsageError, match="augmentation"):
        make_trainer(steps=6, augmentation=Augmentation(black_share=0.5)).resume()


def test_a_broken_checkpoint_cannot_be_resumed_and_says_so(make_trainer):
    trainer = make_trainer()
    trainer.train()
    path = trainer.folder / "last" / "training.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ConfigError, match=r"training\.safetensors is broken or truncated .*give the output folder of a run"):
        make_trainer().resume()


def test_weights_of_another_architecture_are_not_loaded_in_part(make_trainer):
    from vla_isaac.models.base import load_model

    trainer = make_trainer()
    trainer.train()
    config = trainer.folder / "last" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({**values, "blocks": 2}))
    with pytest.raises(ConfigError, match=r"different models"):
        load_model(trainer.folder / "last")


def test_an_unknown_option_of_the_architecture_is_named(make_trainer):
    with pytest.raises(ConfigError, match=r"model_options.chanels is unknown"):
        make_trainer(model_options={"chanels": 3})


@pytest.mark.parametrize(
    ("schedule", "left"),
    [
        ("linear", [1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0.0]),
        ("cosine", [1.0, 0.5 + 3**0.5 / 4, 0.75, 0.5, 0.25, 0.5 - 3**0.5 / 4, 0.0]),
    ],
)
def test_the_schedule_warms_up_in_equal_steps_and_falls_to_a_hundredth(config, schedule, left):
    from vla_isaac.training.schedule import learning_rate

    chosen = replace(config, schedule=schedule, learning_rate=1.0, warmup_steps=2, steps=8)
    rates = [learning_rate(chosen, step) for step in range(9)]
    assert rates[:2] == pytest.approx([0.5, 1.0])
    assert rates[2:] == pytest.approx([0.01 + 0.99 * share for share in left])
    assert learning_rate(chosen, 20) == pytest.approx(0.01)


def test_a_constant_schedule_stays_at_its_rate_after_warming_up(config):
    from vla_isaac.training.schedule import learning_rate

    chosen = replace(config, schedule="constant", learning_rate=1.0, warmup_steps=4, steps=8)
    assert [learning_rate(chosen, step) for step in range(9)] == [0.25, 0.5, 0.75, *[1.0] * 6]


@pytest.mark.parametrize(("warmup", "rates"), [(0, [1.0, 0.01 + 0.99 / 8, 0.01]), (8, [1 / 8, 1.0, 1.0])])
def test_a_schedule_may_be_without_warming_up_or_of_nothing_else(config, warmup, rates):
    from vla_isaac.training.schedule import learning_rate

    chosen = replace(config, schedule="linear", learning_rate=1.0, warmup_steps=warmup, steps=8)
    assert [learning_rate(chosen, step) for step in (0, 7, 8)] == pytest.approx(rates)


@pytest.mark.parametrize(("step", "kept"), [(0, 0.1), (8, 0.5), (71, 8 / 9), (80, 0.9), (10_000, 0.9)])
def test_averaged_weights_keep_little_at_first_and_the_chosen_share_later(config, step, kept):
    from vla_isaac.training.schedule import averaging

    assert averaging(replace(config, ema=0.9), step) == pytest.approx(kept)


def test_processes_of_the_loader_change_no_batch(make_trainer, tmp_path):
    one, two = make_trainer(tmp_path / "one"), make_trainer(tmp_path / "two", workers=1)
    first, second = next(one.data.training(3)), next(two.data.training(3))
    assert first["sentence"] == second["sentence"]
    assert first["images"]["front"].equal(second["images"]["front"])


def test_accelerate_gives_the_same_loss_as_one_device(make_trainer, tmp_path):
    pytest.importorskip("accelerate")
    from vla_isaac.training.hardware import SeveralDevices
    from vla_isaac.training.trainer import VLATrainer

    plain = make_trainer(tmp_path / "plain")
    other = make_trainer(tmp_path / "other")
    wrapped = VLATrainer(
        other.model, other.data, other.config, card=other.card, folder=other.folder, hardware=SeveralDevices("fp32")
    )
    batch = next(plain.data.training(0))
    assert wrapped.train_step(dict(batch))["loss"] == pytest.approx(plain.train_step(dict(batch))["loss"], rel=1e-6)


def test_goals_that_are_left_out_are_in_no_training_batch(make_trainer, tmp_path):
    import itertools

    from tests.training.conftest import PLAN, make_episode
    from vla_isaac.collection.collect import dataset_info
    from vla_isaac.datasets.formats import create_dataset

    path = tmp_path / "two_goals.hdf5"
    writer = create_dataset(path, dataset_info(PLAN), "hdf5")
    for number in range(6):
        episode = make_episode(number)
        goal = "on(red_cube, blue_box)" if number % 2 else "on(green_cube, red_box)"
        writer.add(replace(episode, meta=replace(episode.meta, goal=goal)))
    writer.close()

    def episodes(**changes) -> set[int]:
        data = make_trainer(tmp_path / "run", paths=[path], validation_share=0.0, **changes).data
        return {int(n) for batch in itertools.islice(data.training(0), 6) for n in batch["episode"]}

    assert episodes() == {0, 1, 2, 3, 4, 5}
    assert episodes(leave_out=("on(red_cube, blue_box)",)) == {0, 2, 4}


def test_a_finished_training_is_not_begun_again_and_reports_as_it_did(make_trainer, dataset, config, monkeypatch):
    before = make_trainer().train()
    monkeypatch.setattr(training_run, "TrainingData", None)  # the data is not even read
    folder = make_trainer().folder
    assert training_run.train_once(config, [dataset], folder, resume=True) == before


def test_corrections_have_the_share_they_are_given_and_no_other_sample_is_lost(make_trainer, dataset, tmp_path):
    import itertools
    import shutil

    from vla_isaac.training.data import TrainingData

    corrections = tmp_path / "corrections.hdf5"
    shutil.copy(dataset, corrections)
    config = make_trainer(corrected_share=0.75, validation_share=0.0).config
    data = TrainingData([dataset, corrections], config, num_corrections=1)
    order = data._order(0)
    numbers = [draw.sample for batch in itertools.islice(iter(order), 60) for draw in batch]
    share = sum(number >= len(data.dataset) // 2 for number in numbers) / len(numbers)
    assert share == pytest.approx(0.75, abs=0.05)
    assert set(numbers) == set(range(len(data.dataset)))


def test_a_mix_may_name_families_the_data_has_not_but_no_unknown_ones(make_trainer):
    import itertools

    data = make_trainer(mix={"place_on": 1.0, "lift": 2.0}).data
    assert len(list(itertools.islice(data.training(0), 2))) == 2
    with pytest.raises(VlaIsaacError, match=r"'place_onn'"):
        next(make_trainer(mix={"place_on": 1.0, "place_onn": 2.0}).data.training(0))
    with pytest.raises(UsageError, match=r"does not name the task family 'place_on'"):
        next(make_trainer(mix={"lift": 2.0}).data.training(0))


def test_only_so_many_demonstrations_are_learned_from_as_are_wanted(dataset, config):
    from vla_isaac.training.data import TrainingData
    from vla_isaac.training.experiment import make_model

    few = replace(config, demonstrations={"place_on": 2}, batch_size=8)
    data = TrainingData([dataset], few)
    make_model(few, data)
    batches = data.training(0)
    drawn = {episode for _ in range(12) for episode in next(batches)["episode"]}
    assert len(drawn) == 2
    for wanted in ({"place_on": 99}, {"lift": 1}):
        with pytest.raises(UsageError, match="demonstrations"):
            TrainingData([dataset], replace(config, demonstrations=wanted))
    with pytest.raises(ConfigError, match="demonstrations"):
        replace(config, demonstrations={"place_on": 0})


def test_trainings_on_the_same_data_share_decoded_pictures_and_learn_the_same(dataset, config, tmp_path, monkeypatch):
    from vla_isaac.datasets.loading import frame_cache
    from vla_isaac.training.training_run import train

    kept: list[int] = []
    put = frame_cache.FrameCache.put
    monkeypatch.setattr(
        frame_cache.FrameCache, "put", lambda cache, number, picture: (kept.append(number), put(cache, number, picture))
    )
    config = replace(config, readers=0)  # what is kept is counted in this process
    train(config, [dataset], tmp_path / "first", cache=tmp_path / "frames")
    decoded = len(kept)
    train(config, [dataset], tmp_path / "second", cache=tmp_path / "frames")
    assert decoded > 0
    assert len(kept) == decoded
    assert not (tmp_path / "first" / ".frames").exists()
    assert curve(tmp_path / "first") == curve(tmp_path / "second")


def test_a_resumed_run_lists_each_update_once(tmp_path):
    import json

    from vla_isaac.training.callbacks import METRICS, drop_metrics_after

    lines = [{"step": step, "loss": 1.0} for step in (1, 2, 3, 4)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / METRICS).write_text(text + '{"step": 5, "lo')
    drop_metrics_after(tmp_path, 2)
    assert [json.loads(line)["step"] for line in (tmp_path / METRICS).read_text().splitlines()] == [1, 2]


def test_metrics_of_a_run_that_was_killed_before_its_first_checkpoint_are_not_kept(make_trainer):
    trainer = make_trainer()
    (trainer.folder / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert not trainer.resume()
    assert (trainer.folder / "metrics.jsonl").read_text() == ""
