"""Statistics of episodes and of the whole, against NumPy over all rows."""

from __future__ import annotations

import json

import numpy as np

from tests.datasets.conftest import make_episode, make_info, moving_pictures
from vla_isaac.datasets.lerobot.rows import read_statistics
from vla_isaac.datasets.lerobot.writer import LeRobotWriter, repair
from vla_isaac.datasets.statistics import aggregate, column_statistics, image_statistics, sampled_rows

LENGTHS = (12, 7, 9)


def written_statistics(folder):
    with LeRobotWriter(folder, make_info()) as writer:
        for seed, length in enumerate(LENGTHS):
            writer.add(make_episode(seed, length))
    return json.loads((folder / "meta/stats.json").read_text())


def all_rows(name):
    return np.concatenate([make_episode(k, n).columns[name] for k, n in enumerate(LENGTHS)]).astype(np.float64)


def test_the_statistics_of_the_whole_are_those_of_all_rows_together(tmp_path):
    statistics = written_statistics(tmp_path / "set")
    for name in ("action", "observation.state", "next.done"):
        rows = all_rows(name)
        for key, wanted in {"mean": rows.mean(0), "std": rows.std(0), "min": rows.min(0), "max": rows.max(0)}.items():
            np.testing.assert_allclose(statistics[name][key], wanted, rtol=1e-12, atol=1e-12)
        assert statistics[name]["count"] == [sum(LENGTHS)]


def test_quantiles_of_the_whole_are_the_weighted_mean_of_those_of_the_episodes(tmp_path):
    statistics = written_statistics(tmp_path / "set")
    parts = [
        np.quantile(make_episode(k, n).columns["action"], 0.9, axis=0, method="inverted_cdf") for k, n in enumerate(LENGTHS)
    ]
    wanted = sum(n * part for n, part in zip(LENGTHS, parts, strict=True)) / sum(LENGTHS)
    np.testing.assert_allclose(statistics["action"]["q90"], wanted, rtol=1e-6)


def test_bookkeeping_has_statistics_too(tmp_path):
    statistics = written_statistics(tmp_path / "set")
    assert statistics["index"]["max"] == [sum(LENGTHS) - 1]
    assert statistics["episode_index"]["mean"] == [np.repeat([0, 1, 2], LENGTHS).mean()]


def test_statistics_of_pictures_are_per_colour_between_zero_and_one():
    pictures = moving_pictures(9, (48, 64))
    statistics = image_statistics(pictures)
    exact = pictures.reshape(-1, 3) / 255.0
    assert {value.shape for key, value in statistics.items() if key != "count"} == {(3, 1, 1)}
    np.testing.assert_allclose(statistics["mean"].ravel(), exact.mean(0), rtol=1e-12)
    np.testing.assert_allclose(statistics["std"].ravel(), exact.std(0), rtol=1e-12)
    np.testing.assert_allclose(statistics["min"].ravel(), exact.min(0), rtol=1e-12)
    np.testing.assert_allclose(statistics["max"].ravel(), exact.max(0), rtol=1e-12)
    wanted = np.quantile(exact, 0.9, axis=0, method="inverted_cdf")
    np.testing.assert_allclose(statistics["q90"].ravel(), wanted, rtol=1e-12)
    assert statistics["count"].tolist() == [9]


def test_long_episodes_and_large_pictures_are_sampled():
    assert len(sampled_rows(80)) == 80
    assert len(sampled_rows(1000)) == 177
    assert sampled_rows(1000)[[0, -1]].tolist() == [0, 999]
    checked = np.zeros((1, 300, 600, 3), dtype=np.uint8)
    checked[:, ::4, ::4] = 255  # 600 // 150 = 4: only these are looked at
    assert image_statistics(checked)["mean"].ravel().tolist() == [1.0, 1.0, 1.0]


def test_a_small_deviation_around_a_large_mean_is_not_lost():
    values = (1e4 + np.array([[0.001], [-0.001]] * 50)).astype(np.float64)
    assert abs(column_statistics(values)["std"][0] - 0.001) < 1e-9
    both = aggregate([{"x": column_statistics(values)}, {"x": column_statistics(values)}])
    assert abs(both["x"]["std"][0] - 0.001) < 1e-9


def test_the_statistics_of_each_episode_are_kept_in_its_row(tmp_path):
    written_statistics(tmp_path / "set")
    rows = read_statistics(tmp_path / "set")
    wanted = make_episode(1, 7).columns["action"].astype(np.float64).mean(0)
    np.testing.assert_allclose(rows[1]["action"]["mean"], wanted, rtol=1e-15)
    assert rows[1]["observation.images.front"]["std"].shape == (3, 1, 1)


def test_statistics_go_on_where_they_stood_when_a_dataset_is_gone_on_with(tmp_path):
    for seed, length in enumerate(LENGTHS):
        with LeRobotWriter(tmp_path / "set", make_info(), resume=True) as writer:
            writer.add(make_episode(seed, length))
    assert json.loads((tmp_path / "set/meta/stats.json").read_text()) == written_statistics(tmp_path / "whole")


def test_statistics_that_a_killed_writer_left_behind_are_taken_anew_from_the_rows(tmp_path):
    wanted = written_statistics(tmp_path / "set")
    info = json.loads((tmp_path / "set/meta/info.json").read_text())
    (tmp_path / "set/meta/info.json").write_text(json.dumps({**info, "total_episodes": 2}))
    (tmp_path / "set/meta/stats.json").write_text("{}")
    assert repair(tmp_path / "set") == 3
    found = json.loads((tmp_path / "set/meta/stats.json").read_text())
    for key, value in wanted["action"].items():
        np.testing.assert_allclose(found["action"][key], value, rtol=1e-12)
