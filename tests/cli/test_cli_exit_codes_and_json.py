"""The command line's contract: exit codes, one JSON object as the last line, an example in every help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ctrl_c import interrupted, posix
from vla_isaac.backends import BACKENDS
from vla_isaac.cli.main import main
from vla_isaac.policies import POLICIES
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.runtime.replay import read_log
from vla_isaac.tasks.families import family_names

RUN = "run --backend stub --no-video"
RUN_KEYS = {
    *("success", "reason", "progress", "steps", "sim_seconds", "wall_seconds", "instruction", "goal"),
    *("policy", "backend", "seed", "clipped", "video"),
}
SUMMARY_KEYS = {"episodes", "successes", "success_rate", "wilson95", "failures", "seeds"}
COMMANDS = ("run", "parse", "list", "doctor", "bench", "export-scene")


@pytest.fixture
def cli(capsys):
    """Run a command line in this process; return its exit code, its JSON object if it prints one, and all it says."""

    def call(line: str, *more: str):
        code = main([*line.split(), *more])
        out, err = capsys.readouterr()
        lines = out.splitlines()
        objects = [text for text in lines if text.startswith("{")]
        assert objects in ([], lines[-1:]), "a JSON object stands alone and last"
        return code, json.loads(objects[0]) if objects else None, out + err

    return call


@pytest.fixture
def finished_log(cli, tmp_path) -> Path:
    assert cli(f"{RUN} --max-steps 5 --policy hold --record", str(tmp_path))[0] == 1
    (log,) = tmp_path.iterdir()
    return log


# ------------------------------------------------------------------ run


def test_a_successful_episode_is_exit_code_0_with_all_that_programs_need(cli):
    code, result, _ = cli(f"{RUN} --json", "Pick up the red cube and place it on the blue box")
    assert code == 0
    assert set(result) >= RUN_KEYS
    assert (result["success"], result["progress"], result["failure"]) == (True, 1.0, None)
    assert (result["instruction"], result["goal"]) == (
        "Pick up the red cube and place it on the blue box",
        "on(red_cube, blue_box)",
    )
    assert (result["policy"], result["backend"], result["seed"], result["video"]) == ("scripted", "stub", 0, None)
    assert result["steps"] == pytest.approx(20 * result["sim_seconds"])
    assert set(result["clipped"]) == {"command", "workspace", "joint_limit", "speed", "gripper"}


def test_a_failed_episode_is_exit_code_1_with_its_reason(cli):
    code, result, _ = cli(f"{RUN} --json --policy hold --max-steps 5")
    assert code == 1
    assert (result["success"], result["failure"], result["steps"]) == (False, "never_reached", 5)
    assert "beside blue_box" in result["reason"]


def test_an_episode_without_a_goal_that_ran_through_is_exit_code_0(cli):
    code, result, _ = cli(f"{RUN} --json --policy random --max-steps 5 --goal none", "dance")
    assert code == 0
    assert (result["success"], result["goal"], result["instruction"]) == (None, None, "dance")


def test_a_sequence_is_a_list_of_goals(cli):
    _, result, _ = cli(f"{RUN} --json", "lift the red cube then put it on the blue box")
    assert result["goal"] == ["lifted(red_cube)", "on(red_cube, blue_box)"]


def test_an_explicit_goal_is_judged_instead_of_the_instruction(cli):
    code, result, _ = cli(f"{RUN} --json --goal", "lifted(green_cube)")
    assert (code, result["goal"]) == (0, "lifted(green_cube)")


@pytest.mark.parametrize("family", [name for name in family_names() if name != "push_to"])
def test_a_task_family_draws_instruction_and_goal(cli, family):
    code, result, _ = cli(f"{RUN} --json --seed 2 --task {family}")
    assert (code, result["success"]) == (0, True), result["reason"]
    assert result["instruction"]


def test_several_episodes_are_summed_up(cli):
    code, summary, words = cli(f"{RUN} --json --task stack --episodes 3 --seed 40")
    assert code == 0
    assert set(summary) >= SUMMARY_KEYS
    assert (summary["episodes"], summary["successes"], summary["success_rate"]) == (3, 3, 1.0)
    assert (summary["seeds"], summary["failures"]) == ([40, 41, 42], {})
    assert summary["wilson95"] == pytest.approx([0.4385, 1.0], abs=1e-4)
    assert "3 of 3 succeeded: 100.0 %" in words


def test_one_failed_episode_of_several_is_exit_code_1_and_counted_by_name(cli):
    code, summary, _ = cli(f"{RUN} --json --policy hold --max-steps 3 --episodes 2")
    assert (code, summary["success_rate"], summary["failures"]) == (1, 0.0, {"never_reached": 2})


def test_without_json_the_words_are_for_people(cli):
    code, result, words = cli(RUN)
    assert (code, result) == (0, None)
    assert "verdict      SUCCESS: red_cube lies on blue_box" in words


def test_a_video_is_written_where_it_was_asked_for(cli, tmp_path):
    pytest.importorskip("av", reason="writing videos needs PyAV")
    path = tmp_path / "deep" / "episode.mp4"
    code, result, words = cli("run --backend stub --json --policy hold --max-steps 2 --video", str(path))
    assert (code, result["video"]) == (1, str(path)), words
    assert path.stat().st_size > 1000


def test_several_episodes_are_filmed_into_a_folder(cli, tmp_path):
    pytest.importorskip("av", reason="writing videos needs PyAV")
    cli("run --backend stub --policy hold --max-steps 2 --episodes 2 --video", str(tmp_path))
    assert [p.name.partition("_")[2] for p in sorted(tmp_path.iterdir())] == ["seed0.mp4", "seed1.mp4"]


def test_a_replay_that_agrees_is_exit_code_0(cli, finished_log):
    code, result, words = cli("run --backend stub --json --replay", str(finished_log))
    assert (code, result["identical"], result["steps"], result["difference"]) == (0, True, 5, None)
    assert "replayed 5 steps of" in words


def test_a_replay_that_differs_is_exit_code_1_with_the_first_difference(cli, finished_log):
    text = finished_log.read_text(encoding="utf-8").replace('"gripper_width":0.08', '"gripper_width":0.07', 1)
    finished_log.write_text(text, encoding="utf-8")
    code, result, _ = cli("run --backend stub --json --replay", str(finished_log))
    assert (code, result["identical"]) == (1, False)
    assert result["difference"].startswith("step 0: gripper_width differs by 0.01")


# ------------------------------------------------------------------ the other commands


@pytest.mark.parametrize(
    ("sentence", "scene", "goal"),
    [
        ("Pick up the red cube and place it on the blue box", "tabletop", "on(red_cube, blue_box)"),
        ("sort the red cube into the matching bin", "sorting", "in(red_cube, red_bin)"),
        ("lift red; lift blue", "stacking", ["lifted(red_cube)", "lifted(blue_cube)"]),
    ],
)
def test_parse_shows_what_was_understood(cli, sentence, scene, goal):
    code, result, words = cli("parse --json --scene", scene, sentence)
    assert (code, result["goal"]) == (0, goal)
    assert "goal: " in words


def test_parse_says_why_it_did_not_understand(cli):
    code, result, words = cli("parse --json", "put the cube on the blue box")
    assert code == 2
    assert '"the cube" is ambiguous: red_cube, green_cube, blue_cube, yellow_cube' in result["error"]
    assert f"error: {result['error']}" in words


def test_list_names_everything_that_has_a_name(cli):
    code, result, _ = cli("list --json")
    assert code == 0
    assert set(result) == {"scenes", "tasks", "objects", "policies", "backends", "conventions", "randomisations"}
    assert set(result["tasks"]) == set(family_names())
    assert set(result["policies"]) == set(POLICIES)
    assert set(result["backends"]) == set(BACKENDS)
    assert {"tabletop", "clutter", "sorting", "stacking"} == set(result["scenes"])


def test_list_names_one_kind(cli):
    code, result, _ = cli("list scenes --json")
    assert (code, list(result)) == (0, ["scenes"])
    assert "red_cube" in result["scenes"]["tabletop"]


def test_doctor_says_what_is_here_and_how_to_mend_the_rest(cli):
    code, result, words = cli("doctor --json")
    assert code == (0 if result["ok"] else 1)
    subjects = {finding["subject"]: finding for finding in result["findings"]}
    assert {"vla_isaac", "numpy", "tyro", "mujoco", "rendering", "isaac sim"} <= set(subjects)
    assert all(finding["ok"] or finding["words"] for finding in result["findings"])
    assert "fix: " in words or result["ok"]


def test_bench_prints_the_ratios(cli):
    code, result, _ = cli("bench loop --backend stub --episodes 1 --repeats 1 --json")
    assert code == 0
    assert set(result) == {
        *("overhead_ratio", "state_overhead_ratio"),
        *("state_steps_per_second", "camera_steps_per_second"),
    }
    assert all(value > 0 for value in result.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(cli, command):
    code, _, words = cli(f"{command} --help")
    assert code == 0
    assert f"For example: vla-isaac {command}" in words
    assert "--json" in words


def test_the_overall_help_names_every_command(cli):
    code, _, words = cli("--help")
    assert code == 0
    assert all(command in words for command in COMMANDS)


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"{RUN} --policy opnvla --json", "UnknownNameError"),
        (f"{RUN} --episodes 0 --json", "UsageError"),
        (f"{RUN} --scene nowhere --json", "UnknownNameError"),
    ],
)
def test_wrong_input_is_exit_code_2_and_one_object_with_the_error(cli, line, kind):
    code, result, words = cli(line)
    assert (code, result["kind"]) == (2, kind)
    assert f"error: {result['error']}" in words


@pytest.mark.parametrize("line", ["run --seed x --json", "nosuch --json", "run --nosuch --json"])
def test_what_the_option_parser_refuses_is_one_object_too(cli, line):
    code, result, _ = cli(line)
    assert code == 2
    assert result is not None
    assert "error" in result


def test_a_fault_while_running_is_exit_code_3(cli, monkeypatch):
    monkeypatch.setitem(POLICIES._own, "broken", f"{__name__}:Broken")
    code, result, words = cli(f"{RUN} --policy broken --json")
    assert (code, result["end"], result["reason"]) == (3, "policy_failed", "ZeroDivisionError: no weights")
    assert "error: seed 0: policy_failed: ZeroDivisionError: no weights" in words
    assert "Traceback" not in words


class Broken(HoldPolicy):
    """A policy that fails when it is asked."""

    def act(self, observation):
        raise ZeroDivisionError("no weights")


def test_a_fault_of_ours_is_exit_code_3_and_asks_to_be_reported(cli, monkeypatch):
    import vla_isaac.cli.parse as parse

    def lost(*_):
        raise RuntimeError("lost my mind")

    monkeypatch.setattr(parse, "understand", lost)
    code, result, words = cli("parse --json", "lift the red cube")
    assert (code, result) == (3, {"error": "lost my mind", "kind": "RuntimeError"})
    assert "please report it with the lines above" in words


# ------------------------------------------------------------------ interruption


def interrupt(folder: Path, *options: str) -> subprocess.CompletedProcess:
    """Start an endless episode, send Ctrl-C once its log holds a few steps, and wait for its end."""
    endless = [*RUN.split()[:3], "--policy", "hold", "--goal", "none", "--max-steps", "10000000", "--json"]
    return interrupted(
        *endless,
        *("--record", str(folder), *options),
        when=lambda: any(path.read_text().count("\n") > 3 for path in folder.glob(".*.jsonl.*")),
    )


@posix
@pytest.mark.parametrize("video", [False, True], ids=["log", "log and video"])
def test_ctrl_c_closes_all_files_and_is_exit_code_130(tmp_path, video):
    done = interrupt(tmp_path, *(["--video", str(tmp_path / "episode.mp4")] if video else ["--no-video"]))
    assert done.returncode == 130, done.stderr
    assert "interrupted; the arm holds still and all files are closed" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ([".jsonl", ".mp4"] if video else [".jsonl"])
    assert not list(tmp_path.glob(".*")), "nothing half-written is left"
    lines = read_log(next(tmp_path.glob("*.jsonl")))
    assert (lines[-1]["kind"], lines[-1]["end"]) == ("end", "stopped")
    assert len(lines) > 2
    assert lines[-1]["steps"] - (len(lines) - 2) in (0, 1), "the step that was interrupted may be missing"


@posix
def test_ctrl_c_still_leaves_one_json_object(tmp_path):
    done = interrupt(tmp_path, "--no-video")
    assert "interrupted" in json.loads(done.stdout.splitlines()[-1])["error"]


@posix
def test_a_reader_that_has_gone_away_is_no_traceback():
    process = subprocess.Popen(
        [sys.executable, "-m", "vla_isaac", "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert process.wait(timeout=120) is not None
    assert "Traceback" not in (words := process.stderr.read()), words
    assert "Exception ignored" not in words


def test_python_dash_m_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "vla_isaac", "parse", "lift the red cube", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert json.loads(done.stdout.splitlines()[-1])["goal"] == "lifted(red_cube)"
