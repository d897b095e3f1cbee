"""Bad input, one row each: what is done, how it ends, and a message with the subject, the value and the remedy.

A row is either a command line, which ends in an exit code and a message on standard error, or a call, which raises.
``{tmp}`` is a folder with the files of `FILES`; words before the command such as ``MUJOCO_GL=disable`` set the
environment of a process of its own; ``without=`` hides a package as if it were not installed.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import vla_isaac
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.cli.main import main
from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.errors import (
    ConfigError,
    GoalError,
    InstructionError,
    PolicyError,
    SceneError,
    ShapeError,
    UnknownNameError,
)
from vla_isaac.core.goals import Goal, parse_goal
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, JointTarget
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.robots import panda
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.language import read_instruction

CUBE = "  - {shape: cube, colour: red}\n"
HEAD = "description: Mine.\ninstruction: Lift the red cube\nobjects:\n"
FILES = {
    "good.yaml": HEAD + CUBE,
    "unknown_key.yaml": HEAD + CUBE + "camras: []\n",
    "unknown_inner_key.yaml": HEAD + "  - {shape: cube, color: red}\n",
    "missing_key.yaml": "description: Mine.\ninstruction: Lift the red cube\n",
    "broken.yaml": HEAD + CUBE + "table: {size: [1, 2\nambient: 0.3\n",
    "no_mapping.yaml": "- 1\n- 2\n",
    "wrong_type.yaml": HEAD + CUBE + "ambient: bright\n",
    "wrong_inner_type.yaml": HEAD + "  - {shape: cube, colour: red, size: 0.04}\n",
    "not_finite.yaml": HEAD + CUBE + "ambient: .nan\n",
    "unknown_shape.yaml": HEAD + "  - {shape: cub, colour: red}\n",
    "unknown_colour.yaml": HEAD + "  - {shape: cube, colour: rde}\n",
    "too_big.yaml": HEAD + "  - {shape: cube, colour: red, size: [3, 3, 3]}\n",
    "twins.yaml": HEAD + CUBE + CUBE,
    "crowded.yaml": HEAD
    + "".join(f"  - {{shape: box, colour: {c}, size: [0.4, 0.4, 0.1]}}\n" for c in ("red", "blue", "green", "pink")),
    "not_text.yaml": b"\xff\xfe\x00",
    "reversed.yaml": "yaw: [0.5, -0.5]\n",
    "file": "a regular file",
    "not_mjcf.xml": "<html></html>",
    "not_a_panda.xml": "<mujoco><worldbody><body name='ur5'/></worldbody></mujoco>",
    "not_a_log.jsonl": "so much for that\n",
    "hollow_log.jsonl": '{"kind": "start", "format": 1}\n',
}
EXIT_0, USAGE, FAULT = 0, 2, 3
RUN = "run --backend stub --no-video"
DELTA = ActionSpec(translation="delta_base_m", rotation="axis_angle_rad")
TABLETOP = scene_preset("tabletop")


@dataclass(frozen=True)
class Row:
    """One bad input."""

    do: str | Callable[[], object]
    expected: int | type[Exception]
    message: str
    without: str = ""


# ------------------------------------------------------------------ calls


def on_the_stub(*, cameras: tuple[str, ...] = (), objects_at=None, goal: str = "lifted(red_cube)") -> None:
    """Run one step of an episode with one red cube, which may stand elsewhere."""
    scene = FrankaSceneBuilder("one").add_cube("red").build()
    policy = HoldPolicy()
    policy.spec = replace(policy.spec, cameras=cameras)
    layout = sample_layout(scene, Randomisation(), 0)
    if objects_at is not None:
        layout = replace(layout, objects=(replace(layout.objects[0], pos=objects_at),))
    request = EpisodeRequest(
        scene=scene, randomisation=Randomisation(), seed=0, max_steps=1, layout=layout, goal=parse_goal(goal)
    )
    Session(StubBackend(), policy).run(request)


def convert(arm, gripper=0.04) -> JointTarget:
    action = Action(np.asarray(arm, dtype=np.float64), gripper)
    return ActionConverter(DELTA).convert(action, qpos=panda.QPOS_HOME, gripper_width=0.08)


def send(qpos, width=0.04) -> None:
    """Send a target to the stub, past every converter."""
    backend = StubBackend()
    drive(backend.load(TABLETOP))
    drive(backend.reset(sample_layout(TABLETOP, Randomisation(), 0)))
    backend.apply(JointTarget(np.asarray(qpos, dtype=np.float64), width))


def read(sentence: str) -> object:
    return read_instruction(sentence, TABLETOP.bodies)


NAN, INF = float("nan"), float("inf")
SIX = [0.0] * 6

TABLE = {
    # ---------------------------------------------------------------- instructions
    "unknown verb": Row(
        f"{RUN} 'sing a song'",
        USAGE,
        'cannot read "sing a song": it has no verb that the reader knows.* [Tt]ry for example "Pick up the red cube',
    ),
    "unknown object": Row(
        f"{RUN} 'lift the red duck'",
        USAGE,
        'no "red duck" in this scene; the word "duck" is unknown; it has: red_cube, green_cube',
    ),
    "object not here": Row(f"{RUN} 'lift the red bowl'", USAGE, 'no "red bowl" in this scene; it has: red_cube, green_cube'),
    "unknown colour": Row(
        f"{RUN} 'lift the pink cube'", USAGE, 'no "pink cube" in this scene; it has: red_cube, green_cube'
    ),
    "ambiguous": Row(
        f"{RUN} 'lift the cube'",
        USAGE,
        '"the cube" is ambiguous: red_cube, green_cube, blue_cube, yellow_cube; say which, for example "the red cube"',
    ),
    "empty instruction": Row(f"{RUN} ''", USAGE, "the instruction is empty; try for example"),
    "a word for nothing": Row(
        lambda: read("put it on the box"),
        InstructionError,
        '"it" stands for nothing yet; name the object. The scene has: red_cube',
    ),
    "instruction and family": Row(
        f"{RUN} --task lift 'lift it'", USAGE, "an instruction and the task 'lift' exclude each other; give one"
    ),
    # ---------------------------------------------------------------- names
    "unknown scene": Row(
        f"{RUN} --scene tabltop", USAGE, r"no scene named 'tabltop'; did you mean 'tabletop'\? Known: clutter, sorting"
    ),
    "unknown policy": Row(
        f"{RUN} --policy script", USAGE, r"no policy named 'script'; did you mean 'scripted'\? Known: hold, mini, random"
    ),
    "unknown backend": Row(
        "run --backend mujco", USAGE, r"no backend named 'mujco'; did you mean 'mujoco'\? Known: .*mujoco, physx, stub"
    ),
    "unknown family": Row(
        f"{RUN} --task stak", USAGE, r"no task family named 'stak'; did you mean 'stack'\? Known: clear, lift"
    ),
    "unknown randomisation": Row(
        f"{RUN} --randomisation ful", USAGE, r"no randomisation named 'ful'; did you mean 'full'\? Known: full, layout, none"
    ),
    "unknown camera": Row(
        lambda: on_the_stub(cameras=("frnt",)),
        UnknownNameError,
        r"no camera named 'frnt'; did you mean 'front'\? Known: front, side",
    ),
    "unknown option": Row(f"{RUN} --sceen tabletop", USAGE, "--sceen.*--help"),
    "unknown command": Row(
        "runn", USAGE, r"no command named 'runn'; did you mean 'run'\? Known: bench, collect, dataset, doctor"
    ),
    "no command": Row("", USAGE, "Expected one of .*run, parse, list"),
    # ---------------------------------------------------------------- goals
    "malformed goal": Row(
        f"{RUN} --goal on(red_cube",
        USAGE,
        r"cannot read 'on\(red_cube' in the goal .*; write predicate\(object, object\), for example",
    ),
    "unknown predicate": Row(
        f"{RUN} --goal lift(red_cube)", USAGE, r"no predicate named 'lift'; did you mean 'lifted'\? Known: on, in"
    ),
    "too few arguments": Row(
        f"{RUN} --goal on(red_cube)", USAGE, r"on takes 2 arguments \(object, object\), got 1 in on\(red_cube\)"
    ),
    "wrong direction": Row(
        f"{RUN} --goal pushed_to(red_cube,up)",
        USAGE,
        r"got \(red_cube, up\); directions: left, right, forward, back; sides: left_of",
    ),
    "goal about nothing here": Row(
        f"{RUN} --goal lifted(pink_cube)",
        USAGE,
        "names 'pink_cube', which is not in the scene.* It has: red_cube, green_cube",
    ),
    "empty goal": Row(
        f"{RUN} --goal ''", USAGE, "the goal '' is empty; write for example \"on\\(red_cube, blue_box\\)\", or 'none'"
    ),
    "gripper as an object": Row(f"{RUN} --goal lifted(gripper)", USAGE, "gripper"),
    "goal of a third kind": Row(
        lambda: Goal("on", ("a", "b", "c")), GoalError, r"on takes 2 arguments .* got 3 in on\(a, b, c\)"
    ),
    # ---------------------------------------------------------------- what can never work
    "fastened object": Row(
        f"{RUN} --goal lifted(blue_box)",
        USAGE,
        "blue_box is fastened to the table and cannot be moved; movable here: red_cube",
    ),
    "closed box": Row(
        f"{RUN} --goal in(red_cube,blue_box)",
        USAGE,
        r"in\(red_cube, blue_box\): blue_box is closed; use on\(...\), or an open container",
    ),
    "fastened object, in words": Row(
        f"{RUN} 'lift the blue box'",
        USAGE,
        "blue_box is fixed to the table and cannot be moved; what can be moved: red_cube",
    ),
    "on itself": Row(
        f"{RUN} --goal on(red_cube,red_cube)", USAGE, "an object cannot be its own target; name two different objects"
    ),
    "out of reach": Row(
        lambda: on_the_stub(objects_at=(0.9, 0.0, 0.02)),
        GoalError,
        r"red_cube stands 0.90 m from the robot .*, out of reach \(0.30 to 0.74 m.*; move it or choose another seed",
    ),
    "too close": Row(
        lambda: on_the_stub(objects_at=(0.2, 0.0, 0.02)),
        GoalError,
        r"red_cube stands 0.20 m from the robot .*, out of reach",
    ),
    "family in the wrong scene": Row(
        f"{RUN} --task sort --scene stacking",
        USAGE,
        "sort needs two cubes with bins of their colours; use the scene 'sorting'",
    ),
    "no room": Row(
        f"{RUN} --scene {{tmp}}/crowded.yaml", USAGE, "4 objects do not fit into x .*; take objects away, enlarge area_x"
    ),
    # ---------------------------------------------------------------- YAML
    "unknown key": Row(
        f"{RUN} --scene {{tmp}}/unknown_key.yaml",
        USAGE,
        r"unknown_key.yaml: unknown key 'camras'; did you mean 'cameras'\? Accepted: description",
    ),
    "unknown inner key": Row(
        f"{RUN} --scene {{tmp}}/unknown_inner_key.yaml",
        USAGE,
        r"key 'objects\[0\]': unknown key 'color'; did you mean 'colour'\?",
    ),
    "missing key": Row(f"{RUN} --scene {{tmp}}/missing_key.yaml", USAGE, "missing_key.yaml: the key 'objects' is missing"),
    "broken YAML": Row(f"{RUN} --scene {{tmp}}/broken.yaml", USAGE, r"broken.yaml: line 6, column \d+ is not valid YAML"),
    "YAML of another kind": Row(
        f"{RUN} --scene {{tmp}}/no_mapping.yaml", USAGE, r"no_mapping.yaml: expected a mapping of keys, got \[1, 2\]"
    ),
    "wrong-typed value": Row(
        f"{RUN} --scene {{tmp}}/wrong_type.yaml",
        USAGE,
        "wrong_type.yaml, key 'ambient': 'bright' is not accepted; give a number",
    ),
    "wrong-typed inner value": Row(
        f"{RUN} --scene {{tmp}}/wrong_inner_type.yaml", USAGE, r"key 'objects\[0\].size': 0.04 is not accepted; give a list"
    ),
    "not a number": Row(
        f"{RUN} --scene {{tmp}}/not_finite.yaml", USAGE, "key 'ambient': nan is not accepted; give a finite number"
    ),
    "unknown shape in YAML": Row(
        f"{RUN} --scene {{tmp}}/unknown_shape.yaml", USAGE, r"no shape named 'cub'; did you mean 'cube'\? Known: ball, bin"
    ),
    "unknown colour in YAML": Row(
        f"{RUN} --scene {{tmp}}/unknown_colour.yaml", USAGE, r"no colour named 'rde'; did you mean 'red'\? Known: "
    ),
    "size out of range": Row(
        f"{RUN} --scene {{tmp}}/too_big.yaml",
        USAGE,
        r"red_cube.*size=\(3.0, 3.0, 3.0\) m; each extent must lie within 0.01 to 0.5 m",
    ),
    "two of one name": Row(
        f"{RUN} --scene {{tmp}}/twins.yaml",
        USAGE,
        "already has a 'red_cube'; give the new one another colour or a name of its own",
    ),
    "not UTF-8": Row(f"{RUN} --scene {{tmp}}/not_text.yaml", USAGE, "not_text.yaml is not UTF-8 text .*; save it as UTF-8"),
    "reversed range": Row(
        f"{RUN} --randomisation {{tmp}}/reversed.yaml",
        USAGE,
        r"reversed.yaml: randomisation: yaw=\(0.5, -0.5\) has its low end above its high end; swap them",
    ),
    "missing file": Row(
        f"{RUN} --scene {{tmp}}/nowhere.yaml",
        USAGE,
        "nowhere.yaml is missing.*(give|choose|known)",
    ),
    "folder for a file": Row(f"{RUN} --scene {{tmp}}/folder.yaml", USAGE, "folder.yaml is no regular file"),
    # ---------------------------------------------------------------- numbers on the command line
    "no number": Row(f"{RUN} --seed seven", USAGE, "--seed.*seven.*"),
    "negative seed": Row(f"{RUN} --seed -1", USAGE, "--seed -1: seeds are whole numbers from 0"),
    "no episodes": Row(f"{RUN} --episodes 0", USAGE, "--episodes 0: give a whole number from 1"),
    "no steps": Row(f"{RUN} --max-steps 0", USAGE, "--max-steps 0: give a whole number from 1"),
    "half an episode": Row(f"{RUN} --episodes 1.5", USAGE, "--episodes.*1.5"),
    "bench of nothing": Row("bench loop --backend stub --episodes 0", USAGE, "--episodes 0: give a whole number from 1"),
    # ---------------------------------------------------------------- actions and targets
    "short action": Row(
        lambda: convert([0.0] * 5), PolicyError, r"arm has shape \(5,\), expected \(6,\).*compare the policy's ActionSpec"
    ),
    "gripper in the arm": Row(
        lambda: convert([0.0] * 7),
        PolicyError,
        r"\(7,\), expected \(6,\).*; the gripper is a separate field, Action.gripper",
    ),
    "whole chunk": Row(
        lambda: convert(np.zeros((4, 6))),
        PolicyError,
        r"this is a chunk: convert one step of it at a time, ActionChunk\[i\]",
    ),
    "NaN action": Row(
        lambda: convert([NAN, *SIX[1:]]), PolicyError, r"the action's arm\[0\] is nan; every entry must be a finite number"
    ),
    "infinite action": Row(
        lambda: convert([*SIX[1:], -INF]), PolicyError, r"the action's arm\[5\] is -inf; every entry must be a finite number"
    ),
    "NaN gripper": Row(
        lambda: convert(SIX, NAN), PolicyError, "the action's gripper is nan; expected a finite number, or None"
    ),
    "short target": Row(
        lambda: send([0.0] * 6),
        ShapeError,
        r"target.qpos has shape \(6,\), expected \(7,\); the gripper is a separate field",
    ),
    "NaN target": Row(lambda: send([NAN] * 7), ShapeError, r"target.qpos\[0\] is nan; every entry must be a finite number"),
    "infinite fingers": Row(
        lambda: send([0.0] * 7, INF), ShapeError, "target.gripper_width is inf; every entry must be a finite number"
    ),
    # ---------------------------------------------------------------- packages and GL
    "no mujoco": Row(
        "run --backend mujoco --no-video",
        USAGE,
        r"the mujoco backend needs the package 'mujoco'; run: .*pip install -e \".*\[mujoco\]\", or choose --backend stub",
        without="mujoco",
    ),
    "no av": Row(
        "run --backend stub --video {tmp}/a.mp4",
        USAGE,
        r"writing videos needs the package 'av'; run: .*pip install -e \".*\[video\]\", or run with --no-video",
        without="av",
    ),
    "no av, no wish for a video": Row(
        "run --backend stub", EXIT_0, "no video: writing videos needs the package 'av'", without="av"
    ),
    "no tyro": Row(
        "list", USAGE, r"the command line needs the package 'tyro'; run: .*pip install -e \".*\[cli\]\"", without="tyro"
    ),
    "no GL, no pictures": Row("MUJOCO_GL=disable run --backend mujoco --no-video", EXIT_0, "^$"),
    "no GL, video": Row(
        "MUJOCO_GL=disable run --backend mujoco --video {tmp}/a.mp4 --max-steps 200",
        FAULT,
        "MUJOCO_GL=disable switches drawing off; unset MUJOCO_GL",
    ),
    "no GL, cameras": Row(
        "MUJOCO_GL=disable bench loop --episodes 1 --repeats 1",
        FAULT,
        "MUJOCO_GL=disable switches drawing off; unset MUJOCO_GL",
    ),
    "a GL that is not here, no pictures": Row("MUJOCO_GL=wgl run --backend mujoco --no-video", EXIT_0, "^$"),
    "a GL that is not here, cameras": Row(
        "MUJOCO_GL=wgl bench loop --episodes 1 --repeats 1", FAULT, "MUJOCO_GL=wgl.*: drawing failed .*unset MUJOCO_GL"
    ),
    # ---------------------------------------------------------------- files
    "record below a file": Row(
        f"{RUN} --record {{tmp}}/file/logs", USAGE, "cannot write to .*file/logs: Not a directory; choose another folder"
    ),
    "video below a file": Row(
        "run --backend stub --video {tmp}/file/a.mp4",
        USAGE,
        "cannot write to .*file: (Not a directory|File exists); choose another folder",
    ),
    "read-only folder": Row(
        f"{RUN} --record /proc/vla_isaac", USAGE, "cannot write to /proc/vla_isaac: .*; choose another folder"
    ),
    "video is a folder": Row(
        "run --backend stub --video {tmp}/folder.mp4",
        USAGE,
        "--video .*folder.mp4: give a file that ends in .mp4, for example",
    ),
    "video of another kind": Row(
        "run --backend stub --video {tmp}/a.avi", USAGE, "--video .*a.avi: give a file that ends in .mp4"
    ),
    "video and no video": Row(
        "run --backend stub --no-video --video {tmp}/a.mp4", USAGE, "--video and --no-video exclude each other; give one"
    ),
    "no place for the default video": Row(
        "run --backend stub", EXIT_0, "no video: cannot write to outputs: File exists; choose another folder"
    ),
    "missing robot model": Row(
        "run --no-video --robot-model {tmp}/none.xml",
        USAGE,
        "--robot-model .*none.xml: there is no such file; give the path of an MJCF file",
    ),
    "robot model of no kind": Row(
        "run --no-video --robot-model {tmp}/not_mjcf.xml",
        USAGE,
        "--robot-model .*not_mjcf.xml is broken .*give",
    ),
    "another robot": Row(
        "run --no-video --robot-model {tmp}/not_a_panda.xml",
        USAGE,
        "not_a_panda.xml: is not a Panda with the Franka Hand, it lacks .*; give a model in the layout of MuJoCo Menagerie",
    ),
    "robot model for the stub": Row(
        f"{RUN} --robot-model {{tmp}}/not_mjcf.xml",
        USAGE,
        "--robot-model is for --backend mujoco; the backend 'stub' has a robot of its own",
    ),
    "missing log": Row(
        f"{RUN} --replay {{tmp}}/none.jsonl",
        USAGE,
        "none.jsonl is missing",
    ),
    "no log": Row(
        f"{RUN} --replay {{tmp}}/not_a_log.jsonl",
        USAGE,
        "not_a_log.jsonl, line 1, is not valid JSON: .*; logs are written by run --record DIR",
    ),
    "hollow log": Row(
        f"{RUN} --replay {{tmp}}/hollow_log.jsonl",
        USAGE,
        "hollow_log.jsonl, line 1: lacks 'scene'; the log is damaged, record it again",
    ),
    "log of another backend": Row(
        "run --backend mujoco --replay {tmp}/of_the_stub.jsonl",
        USAGE,
        "of_the_stub.jsonl was recorded on 'stub'; add --backend stub",
    ),
    # ---------------------------------------------------------------- scenes in Python
    "two objects of one name": Row(
        lambda: FrankaSceneBuilder().add_cube("red").add_cube("red"),
        SceneError,
        "already has a 'red_cube'; give the new one another colour or a name of its own",
    ),
    "unknown colour, in Python": Row(
        lambda: FrankaSceneBuilder().add_cube("rde"), UnknownNameError, "no colour named 'rde'; did you mean 'red'"
    ),
    "half a spec": Row(ActionSpec, ConfigError, "declare either a Cartesian action or a joint action"),
    "unknown rotation": Row(
        lambda: ActionSpec(translation="delta_base_m", rotation="euler"),
        ConfigError,
        "rotation='euler' is not known; choose one of none, rpy_difference_rad",
    ),
}

ROWS = [pytest.param(row, id=name) for name, row in TABLE.items()]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with all the files of the table."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "folder.mp4").mkdir()
    return tmp_path


@pytest.mark.parametrize("row", ROWS)
def test_bad_input_ends_as_it_should_with_a_message_that_helps(row, request, folder, monkeypatch, capsys):
    if row.without:
        monkeypatch.setitem(sys.modules, row.without, None)
    if callable(row.do):
        with pytest.raises(row.expected, match=row.message):
            row.do()
        return
    if "of_the_stub" in row.do:
        main(["run", "--backend", "stub", "--no-video", "--max-steps", "1", "--record", str(folder / "logs")])
        next((folder / "logs").iterdir()).rename(folder / "of_the_stub.jsonl")
    if "default video" in request.node.callspec.id:
        (folder / "outputs").write_text("not a folder")
    monkeypatch.chdir(folder)
    capsys.readouterr()
    code, words = in_a_process(row.do, folder) if "=" in row.do.split(" ")[0] else in_this_process(row.do, folder, capsys)
    assert re.search(row.message, words), words
    assert code == row.expected
    assert "Traceback" not in words


def in_this_process(line: str, folder: Path, capsys) -> tuple[int, str]:
    code = main(words_of(line, folder))
    return code, plain(capsys.readouterr().err)


def in_a_process(line: str, folder: Path) -> tuple[int, str]:
    setting, *words = words_of(line, folder)
    environment = {**os.environ, **dict([setting.split("=")])}
    done = subprocess.run(
        [sys.executable, "-m", "vla_isaac", *words], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, plain(done.stderr)


def words_of(line: str, folder: Path) -> list[str]:
    """Split a command line; what stands in single quotes is one word."""
    return [a or b for a, b in re.findall(r"'([^']*)'|(\S+)", line.replace("{tmp}", str(folder)))]


def plain(text: str) -> str:
    """Return a message without the frames that the option parser draws, on one line."""
    return " ".join(re.sub("[─-╿]", " ", text).replace("error: ", "").split())


def test_the_table_covers_what_the_issue_asks_for():
    assert len(TABLE) >= 75


# ------------------------------------------------------------------ the cost of an import


@pytest.mark.timing
def test_importing_the_package_costs_less_than_30_milliseconds_and_not_even_numpy():
    code = (
        "import sys, time; t = time.process_time(); import vla_isaac; print(time.process_time() - t, 'numpy' in sys.modules)"
    )
    found = [printed(code) for _ in range(5)]
    assert statistics.median(float(seconds) for seconds, _ in found) < 0.030
    assert {numpy for _, numpy in found} == {"False"}


@pytest.mark.timing
def test_the_names_of_an_exchange_cost_at_most_half_of_what_numpy_costs_beyond_it():
    code = """import time; a = time.process_time(); import numpy; b = time.process_time()
from vla_isaac import Action, Frame, Observation, PolicySpec, Verdict, VlaIsaacError
print(b - a, time.process_time() - b)"""
    found = [tuple(map(float, printed(code))) for _ in range(7)]
    assert statistics.median(ours / numpy for numpy, ours in found) <= 0.5


def printed(code: str) -> list[str]:
    """Return the words that a fresh interpreter prints; times are of the processor, so that others do not count."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_every_name_of_the_package_can_be_had():
    for name in vla_isaac.__all__:
        assert getattr(vla_isaac, name) is not None
    assert set(vla_isaac.__all__) <= set(dir(vla_isaac))
    with pytest.raises(AttributeError, match="no attribute 'Robot'"):
        vla_isaac.Robot  # noqa: B018
