"""The whole way on every simulated release: load, look, run, verdict, record, stop, reload."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from vla_isaac import make_request
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.log import EpisodeLog
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.video import VideoRecorder

INSTRUCTION = "Pick up the red cube and place it on the blue box"


class SeeingExpert(ScriptedPolicy):
    """The expert, who also asks for two cameras and looks at what he gets."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = replace(self.spec, cameras=("front", "wrist"), image_hw=(96, 96))
        self.frames = []

    def act(self, observation):
        for name, frame in observation.frames.items():
            assert frame.time >= observation.time, f"{name} is older than the state"
            assert frame.rgb.std() > 5, f"{name} shows nothing"
        self.frames.append(observation.frames["wrist"].rgb)
        return super().act(observation)


def test_the_expert_reaches_the_goal_from_camera_frames_on_and_again_after_a_reload(backend, tmp_path):
    policy = SeeingExpert()
    with Session(backend, policy, policy_name="seeing") as session:
        log = tmp_path / "first.jsonl"
        first = session.run(make_request(INSTRUCTION, seed=3), [EpisodeLog(log)])
        assert (first.end, first.backend, first.goal) == (End.SUCCEEDED, "isaac", "on(red_cube, blue_box)"), first.reason
        assert len(log.read_text().splitlines()) >= first.steps
        assert any(not np.array_equal(a, b) for a, b in zip(policy.frames, policy.frames[1:], strict=False))

        runner = session.prepare(make_request(INSTRUCTION, seed=4))
        for _ in range(5):
            runner.tick()
        runner.stop("by hand")
        assert runner.result.end is End.STOPPED

        other = session.run(make_request("Lift the green cube", scene="clutter", seed=1), [])
        assert other.success, other.reason


def test_the_same_seed_gives_the_same_episode_to_the_last_bit(backend, tmp_path):
    with Session(backend, ScriptedPolicy(), policy_name="scripted") as session:
        request = make_request(INSTRUCTION, seed=5, max_steps=30)
        for name in ("a", "b"):
            session.run(request, [EpisodeLog(tmp_path / name)])
    first, second = ([json.loads(line) for line in (tmp_path / name).read_text().splitlines()] for name in "ab")
    assert [line.get("state") for line in first] == [line.get("state") for line in second]


def test_a_video_is_written_by_another_process(backend, tmp_path):
    path = tmp_path / "isaac.mp4"
    with Session(backend, ScriptedPolicy(), policy_name="scripted") as session:
        recorder = VideoRecorder(backend, path)
        session.run(make_request(INSTRUCTION, seed=3, max_steps=3), [recorder])
    assert recorder.written == path
    assert path.stat().st_size > 1000
