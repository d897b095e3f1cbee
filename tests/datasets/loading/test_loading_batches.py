import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="batches need torch; pip install torch")

from tests.datasets.loading.conftest import telling_episode  # noqa: E402
from vla_isaac.core.errors import ConfigError, DatasetError, ShapeError  # noqa: E402
from vla_isaac.datasets.loading import Augmentation, FrameCache, VLADataset, collate_fn, create_vla_dataloader, fill_cache  # noqa: E402


@pytest.fixture
def path(written):
    return written([telling_episode(0), telling_episode(1, task="stack")])


def same(one, other):
    return all(torch.equal(one["images"][c], other["images"][c]) for c in one["images"]) and all(
        torch.equal(one[name], other[name]) for name in ("state", "actions", "is_pad")
    )


def test_a_batch_has_the_shapes_of_the_contract(written):
    loader = create_vla_dataloader(written([telling_episode(0, goals=True)]), 4, chunk=3, history=2)
    batch = next(iter(loader))
    assert batch["images"]["front"].shape == (4, 2, 3, 32, 32)
    assert batch["images"]["front"].dtype == torch.uint8
    assert batch["state"].shape == (4, 2, 8)
    assert batch["actions"].shape == (4, 3, 7)
    assert (batch["is_pad"].shape, batch["is_pad"].dtype) == ((4, 3), torch.bool)
    assert batch["goal_objects"].shape == (4, 6)
    assert [len(batch[name]) for name in ("instruction", "task", "episode", "step")] == [4] * 4


def test_the_number_of_workers_changes_no_batch(path):
    options = {"seed": 5, "chunk": 2, "augmentation": Augmentation(), "mix": {"lift": 1, "stack": 2}}
    alone = list(create_vla_dataloader(path, 6, **options))
    for workers in (1, 2):
        others = list(create_vla_dataloader(path, 6, workers=workers, **options))
        assert len(others) == len(alone)
        assert all(same(one, other) for one, other in zip(alone, others, strict=True))


def test_training_that_was_interrupted_goes_on_with_the_same_batches(path):
    options = {"seed": 5, "chunk": 2, "augmentation": Augmentation(), "endless": True}
    batches = iter(create_vla_dataloader(path, 6, **options))
    whole = [next(batches) for _ in range(9)]
    again = iter(create_vla_dataloader(path, 6, first_batch=6, **options))
    assert all(same(next(again), expected) for expected in whole[6:])


def test_the_same_picture_looks_different_in_the_next_epoch(path):
    loader = create_vla_dataloader(path, 20, shuffle=False, chunk=1, augmentation=Augmentation())
    first, second = next(iter(loader)), next(iter(loader))
    assert torch.equal(first["actions"], second["actions"])
    assert not torch.equal(first["images"]["front"], second["images"]["front"])


def test_an_error_in_a_worker_is_the_message_alone(written):
    path = written([telling_episode(0)], format="manifest")
    sorted(path.rglob("*.png"))[3].unlink()
    with pytest.raises(DatasetError) as caught:
        list(create_vla_dataloader(path, 4, workers=1, chunk=1))
    assert "the picture is missing" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_samples_that_differ_make_no_batch(path):
    short, long = VLADataset(path, chunk=1), VLADataset(path, chunk=2)
    with pytest.raises(ShapeError, match=r"actions has shapes \[\(1, 7\), \(2, 7\)\]"):
        collate_fn([short[0], long[0]])
    with pytest.raises(ShapeError, match="at least one sample"):
        collate_fn([])


def test_a_finished_dataset_takes_no_more_options(path):
    with pytest.raises(ConfigError, match="give its options to VLADataset"):
        create_vla_dataloader(VLADataset(path, chunk=1), 4, chunk=2)


def test_pictures_reach_the_batch_unchanged(path):
    batch = next(iter(create_vla_dataloader(path, 20, shuffle=False, chunk=1)))
    assert batch["images"]["front"][:10, 0, 0, 5, 5].tolist() == [10 * t for t in range(10)]
    assert np.array_equal(batch["step"][:10], range(10))


def test_a_batch_says_which_samples_it_is_made_of(path):
    dataset = VLADataset(path, chunk=1)
    batch = next(iter(create_vla_dataloader(dataset, 6, seed=3)))
    assert [dataset[index]["step"] for index in batch["index"].tolist()] == batch["step"]


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_while_the_cache_is_filled_is_the_message_alone(written, tmp_path, workers):
    path = written([telling_episode(0), telling_episode(1)], format="manifest")
    dataset = VLADataset(path, chunk=1, cache=FrameCache(tmp_path / "cache"))
    sorted(path.rglob("*.png"))[3].unlink()
    with pytest.raises(DatasetError) as caught:
        fill_cache(dataset, workers)
    assert "the picture is missing" in str(caught.value)
    assert "Traceback" not in str(caught.value)
