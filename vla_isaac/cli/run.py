"""``vla-isaac run``: run one or more episodes, with video and log, or replay a log."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vla_isaac.api import make_backend, make_policy, make_request, recorded_request
from vla_isaac.api.policy_choice import PolicyChoice, default_choice
from vla_isaac.backends import BACKENDS
from vla_isaac.cli.colour import Colour, painted
from vla_isaac.cli.options import (
    OptionalInt,
    OptionalName,
    OptionalPath,
    OptionalWords,
    Seconds,
    Sentence,
    check_counts_and_seed,
)
from vla_isaac.cli.output import FAULT, NOT_REACHED, OK, emit, note, say
from vla_isaac.cli.self_testing import REPORT, run_self_test
from vla_isaac.cli.writable import check_writable
from vla_isaac.core.atomic_files import OutputLock
from vla_isaac.core.errors import MissingDependencyError, PolicyDeclined, UsageError, WriteError
from vla_isaac.core.registry import unknown_name
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.explain import Explainer
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.log import EpisodeLog
from vla_isaac.runtime.policy_calls import checked_timeout
from vla_isaac.runtime.progress import ProgressLine
from vla_isaac.runtime.replay import read_log, replay
from vla_isaac.runtime.result import End, EpisodeResult, summary
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.subscriber import EpisodeStart, Step, Subscriber
from vla_isaac.runtime.video import VideoRecorder

FAULTS = (End.POLICY_FAILED, End.BACKEND_FAILED)
NAME_WORDS = 7  # of an instruction, in the name of its files


@dataclass(frozen=True)
class Ran:
    """An episode that ended."""

    result: EpisodeResult
    is_declined: bool
    """Whether the policy refused the instruction."""

    @property
    def verdict(self) -> tuple[str, Colour | None]:
        """Return the outcome as text, and its colour."""
        if self.is_declined:
            return "DECLINED", "yellow"
        if self.result.success:
            return "SUCCESS", "green"
        if self.result.success is None and self.result.end not in FAULTS:
            return "RAN THROUGH", None
        return f"FAILED ({self.result.failure or self.result.end.value})", "red"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Run a policy on an instruction, or on a task sampled from a family.

    For example: vla-isaac run "Pick up the red cube and place it on the blue box" --seed 3
    """

    instruction: Sentence = None
    """The instruction, in English; the default is the scene's."""

    task: OptionalName = None
    """Sample layout and instruction from this family instead (see: vla-isaac list tasks)."""

    scene: OptionalName = None
    """Scene preset or YAML file; the default is the family's, else tabletop."""

    randomisation: str = "layout"
    """Randomisation by seed: none, layout, full, or a YAML file."""

    policy: OptionalName = None
    """The policy (see: vla-isaac list policies); also a checkpoint folder, FILE.py:CLASS,
    PACKAGE.MODULE:CLASS, or replay:DATASET:EPISODE, which replays a recorded episode. The default is mini for everything
    that its checkpoint supports, else the scripted expert; the first line of output says which, and why."""

    backend: str = "mujoco"
    """The simulator: mujoco, physx (Isaac Sim's engine on a CPU), stub, or isaac (needs Isaac Sim's Python)."""

    headless: bool = False
    """Start Isaac Sim without a window; the other backends never open one."""

    seed: int = 0
    """Seed of all random numbers."""

    episodes: int = 1
    """Number of episodes, with successive seeds."""

    max_steps: OptionalInt = None
    """Control periods allowed per episode."""

    goal: OptionalWords = None
    """An explicit goal such as "on(red_cube, blue_box)", or none for runs without a goal."""

    video: OptionalPath = None
    """Output mp4 file (a folder for several episodes); the default for one episode is outputs/<words>_seed<seed>.mp4."""

    no_video: bool = False
    """Write no video."""

    record: OptionalPath = None
    """Folder for exact logs (JSON lines), one per episode."""

    replay: OptionalPath = None
    """Run a log again and compare every state bit by bit; takes no other options but --backend."""

    robot_model: OptionalPath = None
    """A mesh model of the Panda (MuJoCo Menagerie layout) instead of the built-in one."""

    explain: OptionalPath = None
    """Folder for a video of the policy's heat maps over the camera images, and a page, index.html, with its decisions."""

    explain_pictures: bool = False
    """With --explain: write each image as a file, too."""

    policy_timeout: Seconds = POLICY_TIMEOUT
    """Seconds that each of the policy's answers after its first one may take; then the episode ends. 0 waits for ever."""

    self_test: bool = False
    """Check what the code assumes about the simulator, on this machine, and write a report to post: report.html and
    report.json in --self-test-folder. Takes no other options but --backend, --headless and --json."""

    self_test_folder: Path = REPORT
    """Folder of the report of --self-test."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Run the episodes and print a report."""
        self._check()
        if self.replay is not None:
            return self._replay(self.replay)
        if self.self_test:
            return run_self_test(make_backend(self.backend), self.self_test_folder, wants_json=self.json)
        choice = self._choice()
        policy = make_policy(choice.policy)
        (note if self.json else say)(choice.line(policy))
        requests = [self._request(policy, self.seed + k) for k in range(self.episodes)]
        results: list[Ran] = []
        missing: list[Path] = []
        backend = make_backend(self.backend, robot_model=self.robot_model)
        with Session(
            backend,
            policy,
            policy_name=choice.policy,
            policy_reason=choice.reason,
            policy_timeout=self.policy_timeout,
        ) as session:
            for request in requests:
                results.append(self._episode(session, request, len(results), missing))
        return self._report(results, choice, missing)

    def _choice(self) -> PolicyChoice:
        if self.policy:
            return PolicyChoice(self.policy, "chosen by --policy")
        return default_choice(self.backend, self._request(None, self.seed))

    def _check(self) -> None:
        check_counts_and_seed(self, "episodes", "max_steps")
        if self.backend not in BACKENDS:  # before the choice of a policy names it
            raise unknown_name("backend", self.backend, BACKENDS.targets())
        checked_timeout(self.policy_timeout)
        if self.video is not None and self.no_video:
            raise UsageError("--video and --no-video exclude each other; give one")
        if self.video is not None:
            self._check_video(self.video)
        if self.record is not None:
            check_writable(self.record)
        if self.explain is not None:
            check_writable(self.explain)
        elif self.explain_pictures:
            raise UsageError("--explain-pictures needs a folder; add --explain FOLDER")

    def _check_video(self, path: Path) -> None:
        if self.episodes == 1 and (path.is_dir() or path.suffix.lower() != ".mp4"):
            raise UsageError(
                f"--video {path}: give a file that ends in .mp4, for example {path.with_suffix('') / 'run.mp4'}"
            )
        check_writable(path if self.episodes > 1 else path.parent)

    def _request(self, policy: Policy | None, seed: int) -> EpisodeRequest:
        """Return the requested episode; a recorded episode is replayed in its own scene unless another is requested."""
        recorded = getattr(policy, "meta", None)
        is_elsewhere = self.seed or self.instruction or self.task or self.scene or self.goal
        if isinstance(recorded, EpisodeMeta) and not is_elsewhere:
            return recorded_request(recorded, max_steps=self.max_steps)
        return make_request(
            self.instruction,
            task=self.task,
            scene=self.scene,
            randomisation=self.randomisation,
            seed=seed,
            goal=self.goal,
            max_steps=self.max_steps,
        )

    def _episode(self, session: Session, request: EpisodeRequest, index: int, missing: list[Path]) -> Ran:
        """Run an episode; requested outputs that could not be written are added to `missing`, the warnings say why."""
        name = f"{_name(request)}_seed{request.seed}"
        label = f"{index + 1}/{self.episodes} " if self.episodes > 1 else ""
        watchers: list[Subscriber] = [UnderstoodLine(label), ProgressLine(label=label)]
        with ExitStack() as locks:
            log = None
            if self.record is not None:
                log = EpisodeLog(self.record / f"{name}.jsonl")
                locks.enter_context(OutputLock(log.path))
                watchers.append(log)
            explainer = self._explainer(session, name, locks)
            if explainer is not None:
                watchers.append(explainer)
            video = self._video(session, name, locks)
            runner = session.prepare(request, [*watchers, *([video] if video else [])])
            result = runner.run()
        for warning in result.warnings:
            note(f"warning: {warning}")
        if explainer is not None and explainer.page.is_file():
            note(f"{label}explained in {explainer.page}")
        if video is not None and video.written is not None:
            result = replace(result, video=str(video.written))
        if log is not None and log.written is None:
            missing.append(log.path)
        if self.video is not None and video is not None and video.written is None:
            missing.append(video.path)
        ran = Ran(result, isinstance(runner.error, PolicyDeclined))
        if self.episodes > 1:
            outcome = "success" if result.success else result.failure or result.end.value
            words = painted(outcome, ran.verdict[1], sys.stderr)
            note(f"{label}seed {request.seed}: {words} in {result.steps} steps: {result.instruction}")
        return ran

    def _explainer(self, session: Session, name: str, locks: ExitStack) -> Explainer | None:
        if self.explain is None:
            return None
        folder = self.explain if self.episodes == 1 else self.explain / name
        locks.enter_context(OutputLock(folder))
        return Explainer(session.policy, folder, keeps_pictures=self.explain_pictures)

    def _video(self, session: Session, name: str, locks: ExitStack) -> VideoRecorder | None:
        """Return a recorder, whose file is locked; if the default video cannot be made, print a note."""
        if self.no_video or (self.video is None and self.episodes > 1):
            return None
        if self.video is not None:
            recorder = VideoRecorder(session.backend, self.video if self.episodes == 1 else self.video / f"{name}.mp4")
            locks.enter_context(OutputLock(recorder.path))
            return recorder
        try:
            check_writable(Path("outputs"))
            recorder = VideoRecorder(session.backend, Path("outputs") / f"{name}.mp4")
            locks.enter_context(OutputLock(recorder.path))
            return recorder
        except (MissingDependencyError, UsageError, WriteError) as error:
            note(f"no video: {error}")
            return None

    def _report(self, ran: list[Ran], choice: PolicyChoice, missing: list[Path]) -> int:
        results = [one.result for one in ran]
        faults = [r for r in results if r.end in FAULTS]
        if len(results) == 1:
            _say_result(results[0], *ran[0].verdict)
            value: dict[str, Any] = results[0].to_json()
        else:
            value = {**summary(results), "policy": choice.policy, "policy_reason": choice.reason}
            _say_summary(value)
        for fault in faults:
            note(f"error: seed {fault.seed}: {fault.end.value}: {fault.reason}")
        for path in missing:
            note(f"error: {path} could not be written; see the warning above")
        if self.json:
            emit(value)
        if faults or missing:
            return FAULT
        return OK if all(r.success is not False for r in results) else NOT_REACHED

    def _replay(self, path: Path) -> int:
        lines = read_log(path)
        backend = make_backend(self.backend, robot_model=self.robot_model)
        try:
            if lines[0]["backend"] != backend.name:
                raise UsageError(f"{path} was recorded on {lines[0]['backend']!r}; add --backend {lines[0]['backend']}")
            report = replay(lines, backend, source=path)
        finally:
            backend.close()
        same = report.first_difference is None
        if same:
            say(f"replayed {report.steps} steps of {path}: {painted('every state is bit-identical', 'green')}")
        else:
            say(f"the replay of {path} {painted('differs', 'red')}: {report.first_difference}")
        if self.json:
            emit({"replayed": str(path), "steps": report.steps, "identical": same, "difference": report.first_difference})
        return OK if same else NOT_REACHED


class UnderstoodLine:
    """Prints how the network understood an instruction that the grammar cannot read, before the first step."""

    def __init__(self, label: str) -> None:
        self._label = label

    def on_start(self, start: EpisodeStart) -> None:
        """Print the line."""
        if start.understood is not None and start.understood.is_learned:
            note(f"{self._label}{start.understood.text}")

    def on_step(self, step: Step) -> None:
        """Do nothing."""

    def on_end(self, result: EpisodeResult) -> None:
        """Do nothing."""


def _name(request: EpisodeRequest) -> str:
    """Return a file name with the subject of the episode: the family, or the first words of the instruction."""
    if request.family is not None:
        return request.family.name
    words = re.findall(r"[a-z0-9]+", (request.instruction or request.scene.instruction).lower())
    return "-".join(words[:NAME_WORDS]) or Path(request.scene.name).stem


def _say_result(result: EpisodeResult, verdict: str, colour: Colour | None) -> None:
    say(f'instruction  "{result.instruction}"')
    if result.goal:
        say(f"goal         {result.goal if isinstance(result.goal, str) else ' then '.join(result.goal)}")
    is_fault = result.end in FAULTS  # its reason is the error line
    say(f"verdict      {painted(verdict, colour)}{'' if is_fault else f': {result.reason}'}")
    clipped = {k: v for k, v in result.clipped.items() if v}
    limits = f"; limited: {', '.join(f'{k} {v}' for k, v in clipped.items())}" if clipped else ""
    say(
        f"episode      {result.steps} steps, {result.sim_seconds:.1f} s simulated in {result.wall_seconds:.1f} s "
        f"({result.policy} on {result.backend}, seed {result.seed}{limits})"
    )
    if result.video:
        say(f"video        {result.video}")


def _say_summary(value: dict[str, Any]) -> None:
    if value["success_rate"] is None:
        say(f"{value['episodes']} episodes ran; nothing was judged")
        return
    low, high = value["wilson95"]
    say(
        f"{value['successes']} of {value['episodes']} succeeded: {100 * value['success_rate']:.1f} % "
        f"(95 % Wilson interval {100 * low:.1f} to {100 * high:.1f} %)"
    )
    for name, count in sorted(value["failures"].items(), key=lambda item: -item[1]):
        say(f"  {name}: {count}")
