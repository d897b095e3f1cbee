import json

import numpy as np
import pytest
from PIL import Image

from vla_isaac.core.errors import DatasetError, ShapeError, UsageError
from vla_isaac.datasets.loading import CustomVLADataset

GREY = np.full((8, 8, 3), 90, np.uint8)


def test_a_list_of_triplets_is_a_dataset(tmp_path):
    Image.fromarray(GREY + 1).save(tmp_path / "a.png")
    dataset = CustomVLADataset([(GREY, "push", [0, 1]), (tmp_path / "a.png", "pull", np.array([2, 3]))], normalise="none")
    assert len(dataset) == 2
    assert dataset[1]["instruction"] == "pull"
    assert dataset[1]["actions"].tolist() == [[2, 3]]
    assert dataset[1]["images"]["image"][0, 0, 0].tolist() == [91, 91, 91]
    assert dataset[0]["state"].shape == (1, 0)


def test_the_chapters_manifest_is_a_dataset(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "0.png")
    steps = [{"image_path": "0.png", "instruction": "push", "action": [0.1] * 7}]
    (tmp_path / "manifest.json").write_text(json.dumps(steps))
    sample = CustomVLADataset(tmp_path)[0]
    assert sample["instruction"] == "push"
    assert sample["actions"].shape == (1, 7)


@pytest.mark.parametrize(
    ("items", "kind", "message"),
    [
        ([], UsageError, "the list of samples is empty"),
        ([(GREY, "a", [1, 2]), (GREY, "b", [1])], DatasetError, "episode 1: the action has 1 numbers, the first has 2"),
        ([(GREY, [1, 2])], DatasetError, r"episode 0: expected \(picture, sentence, action\)"),
        ([(GREY, 3, [1, 2])], DatasetError, "episode 0: the sentence is a int"),
        ([(GREY, "a", [float("nan")])], DatasetError, r"episode 0, row 0: action\[0\] is nan"),
        ([(GREY / 255, "a", [1])], ShapeError, "dtype float64, expected uint8"),
        ([("none.png", "a", [1])], DatasetError, "none.png: list of samples, episode 0, row 0: the picture is missing"),
    ],
)
def test_an_item_that_is_no_sample_is_named(items, kind, message):
    with pytest.raises(kind, match=message):
        CustomVLADataset(items)


def test_pictures_of_another_size_are_named_when_they_are_read():
    dataset = CustomVLADataset([(GREY, "a", [1]), (GREY[:4], "b", [1])])
    with pytest.raises(DatasetError, match="episode 1: picture of 4 x 8, the first has 8 x 8"):
        dataset[1]
