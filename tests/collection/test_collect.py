"""Collecting: the same dataset for any number of workers, resumed or not, and only true successes in it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.collection.dataset_contents import contents, differences
from vla_isaac.collection.collect import collect
from vla_isaac.collection.collector import Collector
from vla_isaac.collection.journal import journal_folder
from vla_isaac.core.errors import BackendError, ConfigError, MissingDependencyError, UnknownNameError, UsageError
from vla_isaac.datasets.formats import WRITERS, open_dataset

FORMATS = ("lerobot", "manifest", "hdf5")
DATA = Path(__file__).parent / "data"


class InMemory:
    """The smallest writer: keeps episodes in a list."""

    kept: list = []  # noqa: RUF012 the class stands for the file

    def __init__(self, path, info, *, resume=False):
        self.path, self.info = path, info
        path.mkdir(exist_ok=True)

    def add(self, episode):
        images = {name: np.array(values) for name, values in episode.images.items()}
        self.kept.append(replace(episode, images=images))
        return len(self.kept) - 1

    def close(self):
        pass


@pytest.fixture
def in_memory(monkeypatch):
    monkeypatch.setattr(InMemory, "kept", [])
    monkeypatch.setitem(WRITERS._own, "memory", f"{__name__}:InMemory")
    return InMemory


def test_an_episode_reaches_a_writer_whole(plan, in_memory, tmp_path):
    report = collect(tmp_path / "d", plan(), format="memory")
    assert (report.is_complete, report.episodes, report.tasks) == (True, 4, {"reach": 2, "lift": 2})
    assert [episode.meta.task for episode in in_memory.kept] == ["reach", "lift", "reach", "lift"]
    assert report.frames == sum(len(episode) for episode in in_memory.kept)
    assert all(episode.images["front"].shape == (len(episode), 32, 32, 3) for episode in in_memory.kept)
    assert all(episode.meta.success for episode in in_memory.kept)


@pytest.mark.parametrize("format", FORMATS)
def test_the_dataset_is_the_same_for_any_number_of_workers(plan, format, tmp_path):
    paths = [tmp_path / f"{workers}.hdf5" if format == "hdf5" else tmp_path / str(workers) for workers in (1, 3)]
    for path, workers in zip(paths, (1, 3), strict=True):
        collect(path, plan(perturb=0.5), format=format, num_workers=workers)
    one, three = map(contents, paths)
    assert len(one) == 4
    assert differences(one, three) == []


def test_the_dataset_is_the_same_for_any_number_of_workers_on_mujoco_too(plan, tmp_path):
    for workers in (1, 2):
        collect(
            tmp_path / str(workers),
            plan(backend="mujoco", tasks=("lift",), randomisation="full", perturb=0.5),
            num_workers=workers,
        )
    assert differences(contents(tmp_path / "1"), contents(tmp_path / "2")) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_longer_collection_goes_on_with_a_shorter_one(plan, format, tmp_path):
    whole, grown = (tmp_path / f"{n}.hdf5" if format == "hdf5" else tmp_path / n for n in ("whole", "grown"))
    collect(whole, plan(episodes=5), format=format)
    collect(grown, plan(episodes=2), format=format)
    report = collect(grown, plan(episodes=5), format=format, resume=True)
    assert (report.episodes, report.collected) == (5, 3)
    assert differences(contents(whole), contents(grown)) == []


def test_resuming_what_is_complete_does_nothing(plan, tmp_path):
    collect(tmp_path / "d", plan())
    before = contents(tmp_path / "d")
    report = collect(tmp_path / "d", plan(), resume=True)
    assert (report.is_complete, report.collected) == (True, 0)
    assert contents(tmp_path / "d") == before


def test_resuming_what_does_not_exist_begins_it(plan, tmp_path):
    assert collect(tmp_path / "d", plan(), resume=True).collected == 4


def test_a_dataset_is_not_overwritten(plan, tmp_path):
    collect(tmp_path / "d", plan())
    with pytest.raises(UsageError, match="exists"):
        collect(tmp_path / "d", plan())
    assert len(contents(tmp_path / "d")) == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 9}, "collected with seed=0, now it is 9; give the same options"),
        ({"tasks": ("lift",)}, r"collected with tasks=\['reach', 'lift'\], now it is \['lift'\]"),
        ({"perturb": 0.5}, "collected with perturb=0.0, now it is 0.5"),
    ],
)
def test_other_options_are_refused_on_resuming(plan, tmp_path, changes, words):
    collect(tmp_path / "d", plan())
    with pytest.raises(UsageError, match=words):
        collect(tmp_path / "d", plan(**{"episodes": 8, **changes}), resume=True)


def test_failures_are_counted_by_name_and_a_family_that_cannot_be_done_ends_the_collection(plan, tmp_path):
    report = collect(tmp_path / "d", plan(tasks=("push_to",), episodes=1))
    assert (report.is_complete, report.episodes, report.attempts) == (False, 0, 3)
    assert sum(report.failures.values()) == 3
    assert report.problem.startswith(
        "push_to did not give its share of 1 episodes in three times as many attempts; failures: "
    )


def test_what_failed_is_not_tried_again(plan, failing, tmp_path, monkeypatch):
    collect(tmp_path / "d", plan(tasks=("push_to",), episodes=2))
    tried, try_one = [], Collector.try_one
    monkeypatch.setattr(Collector, "try_one", lambda *given: tried.append(given) or try_one(*given))
    report = collect(tmp_path / "d", plan(tasks=("push_to",), episodes=2), resume=True)
    assert (report.attempts, report.is_complete, report.failures) == (6, False, {"timed_out": 6})
    assert tried == []


def test_after_failures_further_seeds_are_tried(plan, tmp_path, monkeypatch):
    true = Collector.try_one

    def unlucky(self, attempt):
        failure, recorder, steps = true(self, attempt)
        return ("dropped" if attempt.seed % 2 else failure), recorder, steps

    monkeypatch.setattr(Collector, "try_one", unlucky)
    report = collect(tmp_path / "d", plan(tasks=("lift",), episodes=4))
    assert (report.attempts, report.failures) == (7, {"dropped": 3})
    assert [episode[0] for episode in contents(tmp_path / "d")] == [0, 2, 4, 6]


def test_nothing_but_the_dataset_and_the_journal_is_left_behind(plan, tmp_path):
    collect(tmp_path / "d", plan(), num_workers=2)
    folder = journal_folder(tmp_path / "d")
    assert [path.name for path in folder.iterdir()] == ["journal.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_a_journal_with_a_cut_line_is_read_up_to_it(plan, failing, tmp_path):
    collect(tmp_path / "d", plan(tasks=("push_to",), episodes=1))
    journal = journal_folder(tmp_path / "d") / "journal.jsonl"
    journal.write_text(journal.read_text()[:-5])
    report = collect(tmp_path / "d", plan(tasks=("push_to",), episodes=1), resume=True)
    assert report.attempts == 3
    assert [json.loads(line).get("seed") for line in journal.read_text().splitlines()] == [None, 0, 1, 2]


def test_a_fault_of_the_simulator_is_an_error_and_keeps_what_was_committed(plan, tmp_path, monkeypatch):
    true = Collector.try_one

    def broken(self, attempt):
        if attempt.seed == 2:
            raise BackendError("the simulator is gone")
        return true(self, attempt)

    monkeypatch.setattr(Collector, "try_one", broken)
    with pytest.raises(BackendError, match="the simulator is gone"):
        collect(tmp_path / "d", plan())
    assert [episode[0] for episode in contents(tmp_path / "d")] == [0, 1]
    monkeypatch.undo()
    assert collect(tmp_path / "d", plan(), resume=True).collected == 2


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"tasks": ("lfit",)}, UnknownNameError, "no task family named 'lfit'; did you mean 'lift'?"),
        ({"cameras": ("rear",)}, UnknownNameError, "no camera named 'rear'"),
        ({"randomisation": "some"}, UnknownNameError, "'some'"),
        ({"scene": "tablecloth"}, UnknownNameError, "did you mean 'tabletop'?"),
    ],
)
def test_a_wrong_name_is_told_before_anything_is_written(plan, tmp_path, changes, error, words):
    with pytest.raises(error) as raised:
        collect(tmp_path / "d", plan(**changes))
    assert words in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks": ()}, "must name families"),
        ({"episodes": 0}, "give a whole number from 1"),
        ({"seed": -1}, "seeds are whole numbers from 0"),
        ({"backend": "isaac"}, "record with the panel and convert the recording"),
        ({"cameras": ("front", "front")}, "must be distinct"),
        ({"image_hw": (33, 32)}, "even numbers within 32 to 2048"),
        ({"image_hw": (1, 1)}, "even numbers within 32 to 2048"),
        ({"image_hw": (30, 64)}, "even numbers within 32 to 2048"),
        ({"fps": 0.0}, "within 1 to 100 Hz"),
        ({"perturb": 1.5}, "give a number within 0 to 1"),
        ({"steps_after_success": -1}, "within 0 to 100"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plan, changes, words):
    with pytest.raises(ConfigError, match=words):
        plan(**changes)


def test_a_dataset_says_what_its_numbers_are(plan, tmp_path):
    collect(tmp_path / "d", plan(episodes=1, tasks=("lift",), fps=10.0))
    reader = open_dataset(tmp_path / "d")
    assert (reader.info.fps, reader.info.cameras) == (10.0, {"front": (32, 32)})
    assert reader.info.features["action"].names == ("x", "y", "z", "rx", "ry", "rz", "gripper")
    assert reader.info.action_spec["rate_hz"] == 10.0


def test_progress_is_reported_from_the_beginning_to_the_end(plan, tmp_path):
    reported = []
    collect(tmp_path / "d", plan(), progress=lambda *numbers: reported.append(numbers))
    assert (reported[0], reported[-1]) == ((0, 4, 0), (4, 4, 0))
    assert sorted(reported) == reported
    failed = []
    collect(tmp_path / "e", plan(tasks=("push_to",), episodes=1), progress=lambda *numbers: failed.append(numbers))
    assert failed == [(0, 1, 0), (0, 1, 1), (0, 1, 2), (0, 1, 3)]


def test_a_journal_written_by_version_0_1_0_is_gone_on_with(plan, tmp_path, monkeypatch):
    folder = journal_folder(tmp_path / "d.hdf5")
    folder.mkdir(parents=True)
    written = (DATA / "journal_0.1.0.jsonl").read_text(encoding="utf-8")
    (folder / "journal.jsonl").write_text(written + '{"seed": 3, "fail', encoding="utf-8")
    monkeypatch.setattr(Collector, "try_one", lambda *given: pytest.fail("a seed that failed is tried again"))
    report = collect(tmp_path / "d.hdf5", plan(tasks=("push_to",), episodes=1), format="hdf5", resume=True)
    assert (report.attempts, report.failures) == (3, {"missed_grasp": 3})
    assert (folder / "journal.jsonl").read_text(encoding="utf-8") == written
    with pytest.raises(UsageError, match="collected with seed=0, now it is 9"):
        collect(tmp_path / "d.hdf5", plan(tasks=("push_to",), episodes=1, seed=9), format="hdf5", resume=True)


def test_a_journal_from_before_an_option_existed_goes_on_with_its_default(plan, tmp_path):
    collect(tmp_path / "d", plan(episodes=2))
    journal = journal_folder(tmp_path / "d") / "journal.jsonl"
    header = json.loads(journal.read_text(encoding="utf-8"))
    del header["plan"]["steps_after_success"]
    journal.write_text(json.dumps(header) + "\n", encoding="utf-8")
    assert collect(tmp_path / "d", plan(episodes=3), resume=True).collected == 1


def test_without_ray_the_message_says_what_to_do(plan, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"needs the package 'ray'.*or leave --ray out and give --workers"):
        collect(tmp_path / "d", plan(), use_ray=True)
