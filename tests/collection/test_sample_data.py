from vla_isaac.collection.sample_data import generate_sample_data
from vla_isaac.datasets.loading import CustomVLADataset


def test_the_chapters_sample_data_are_demonstrations_that_a_dataset_reads(tmp_path):
    report = generate_sample_data(tmp_path / "vla_data", episodes=1, tasks=("reach",), backend="stub", image_hw=(32, 32))
    dataset = CustomVLADataset(tmp_path / "vla_data")
    assert report.is_complete
    assert len(dataset) == report.frames
    assert dataset[0]["task"] == "reach"
    assert dataset[0]["actions"].shape == (1, 7)
    assert set(dataset[0]["images"]) == {"front", "wrist"}
