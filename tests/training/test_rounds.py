"""Rounds of corrections: they go on while success rises, and the best checkpoint is the one that is chosen."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from vla_isaac.training import training_run
from vla_isaac.training.trainer import TrainReport
from vla_isaac.training.training_run import DaggerPlan, train


@pytest.fixture
def rounds(monkeypatch, dataset, config, tmp_path):
    """Return a function that trains with given success rates before and after each round; nothing is really trained."""
    calls = SimpleNamespace(trained=[], corrected=[])

    def train_once(config, paths, folder, **more):
        calls.trained.append((config.learning_rate, [path.name for path in paths], more.get("begin_with")))
        (folder / "best").mkdir(parents=True)
        (folder / "best" / "config.json").write_text(folder.name)
        return TrainReport(step=1, best_loss=1.0, best_step=1, stopped_early=False, folder=str(folder))

    def collect_corrections(path, plan, **more):
        calls.corrected.append(plan)

    monkeypatch.setattr(training_run, "train_once", train_once)
    monkeypatch.setattr(training_run, "collect_corrections", collect_corrections)
    monkeypatch.setattr(training_run, "export", lambda folder: None)
    monkeypatch.setattr(training_run, "_tasks_of", lambda path: ["lift"])

    def go(*rates: float, most: int = 5):
        left = list(rates)

        def evaluate(plan, **more):
            won = round(left.pop(0) * 100)
            return SimpleNamespace(episodes=[SimpleNamespace(success=k < won) for k in range(100)])

        monkeypatch.setattr(training_run, "evaluate", evaluate)
        report = train(config, [dataset], tmp_path / "run", dagger=DaggerPlan(rounds=most, episodes=20))
        return report, calls, tmp_path / "run"

    return go


def test_rounds_end_when_success_no_longer_rises_and_the_best_one_is_chosen(rounds):
    report, calls, folder = rounds(0.5, 0.8, 0.7)
    assert len(calls.corrected) == 2
    assert report.folder == str(folder / "round_1")
    assert (folder / "chosen" / "config.json").read_text() == "round_1"
    assert json.loads((folder / "rounds.json").read_text())["success_rates"] == [0.5, 0.8, 0.7]


def test_a_round_that_does_not_help_leaves_the_first_training_chosen(rounds):
    report, calls, folder = rounds(0.9, 0.9)
    assert len(calls.corrected) == 1
    assert report.folder == str(folder)
    assert (folder / "chosen" / "config.json").read_text() == "run"


def test_there_are_never_more_rounds_than_asked_for(rounds):
    _, calls, _ = rounds(0.1, 0.2, 0.3, most=2)
    assert len(calls.corrected) == 2


def test_every_round_learns_from_all_corrections_so_far_more_gently_than_the_first_training(rounds, config):
    _, calls, folder = rounds(0.1, 0.2, 0.3, most=2)
    rates, paths, begins = zip(*calls.trained, strict=True)
    assert rates[1] == rates[2] < rates[0]
    assert [len(p) for p in paths] == [1, 2, 3]
    assert begins[1:] == (folder / "best", folder / "round_1" / "best")


def test_rounds_correct_on_seeds_of_their_own_and_measure_on_others(rounds):
    _, calls, _ = rounds(0.1, 0.2, 0.3, most=2)
    first, second = (plan.seed for plan in calls.corrected)
    assert first + 20 <= second < 100_000 <= DaggerPlan().checked_seed < 200_000
