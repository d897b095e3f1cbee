"""The commands that take a backend take `physx`."""

from __future__ import annotations

import json

import pytest

from vla_isaac.cli.main import main

pytest.importorskip("sapien")


def answer(capfd, *words: str) -> dict:
    code = main([*words, "--backend", "physx", "--json"])
    said = capfd.readouterr()
    assert code == 0, said.err
    return json.loads(said.out.splitlines()[-1])


def test_run_succeeds_with_the_expert_and_says_where(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = answer(capfd, "run", "Lift the red cube", "--policy", "scripted", "--no-video")
    assert (found["success"], found["backend"]) == (True, "physx")


def test_the_policy_that_is_chosen_by_default_is_the_expert(capfd, tmp_path, monkeypatch):
    """`mini` is declared for the backends of its card only."""
    monkeypatch.chdir(tmp_path)
    assert (
        answer(capfd, "run", "Lift the red cube", "--no-video", "--goal", "none", "--max-steps", "2")["policy"] == "scripted"
    )


@pytest.mark.slow
@pytest.mark.gl
def test_collect_writes_pictures_of_physx(capfd, tmp_path):
    words = ("--task", "lift", "--episodes", "2", "--workers", "1", "--size", "64")
    assert main(["collect", str(tmp_path / "data"), "--backend", "physx", *words]) == 0, capfd.readouterr()
    assert main(["dataset", "verify", str(tmp_path / "data")]) == 0, capfd.readouterr()


@pytest.mark.slow
def test_eval_counts_episodes_in_processes_and_records_the_version_of_the_engine(capfd, tmp_path):
    results = tmp_path / "results.jsonl"
    found = answer(capfd, "eval", "--task", "lift", "--episodes", "4", "--workers", "2", "--out", str(results))
    assert (found["successes"], found["episodes"]) == (4, 4)
    assert json.loads(results.read_text().splitlines()[0])["versions"]["sapien"].startswith("3.")


@pytest.mark.slow
@pytest.mark.gl
def test_bench_measures_the_loop(capfd):
    assert answer(capfd, "bench", "loop", "--episodes", "1", "--repeats", "1")["state_steps_per_second"] > 0
