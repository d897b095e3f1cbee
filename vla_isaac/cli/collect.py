"""``vla-isaac collect``: collect demonstrations of the scripted expert as a dataset."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from vla_isaac.cli.option_names import in_options
from vla_isaac.cli.options import OptionalName
from vla_isaac.cli.output import NOT_REACHED, OK, emit, note, say
from vla_isaac.cli.progress import ProgressBar
from vla_isaac.cli.writable import check_writable
from vla_isaac.collection.collect import CollectionReport, collect
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.collection.transitions import collect_transitions
from vla_isaac.core.errors import UsageError, VlaIsaacError
from vla_isaac.datasets.transitions import count_transitions

TRANSITIONS = ("transitions", "moments")  # the second is its name in earlier versions
Tasks = UseAppendAction[Annotated[tuple[str, ...], arg(metavar="FAMILY")]]


@dataclass(frozen=True, kw_only=True)
class Collect:
    """Collect demonstrations of the scripted expert, successes only.

    For example: vla-isaac collect demos/place_on --task place_on --episodes 50 --workers 2
    """

    dst: Positional[Annotated[Path, arg(metavar="DST")]]
    """Path of the dataset: a folder, or a .hdf5 file."""

    task: Tasks = ()
    """A family (see: vla-isaac list tasks); repeat the option for several, which take turns. Default: place_on."""

    episodes: int = 50
    """Number of successes, over all families."""

    workers: int = 1
    """Number of processes; the dataset is the same for any number."""

    seed: int = 0
    """The first seed."""

    scene: OptionalName = None
    """Scene preset or YAML file; the default is each family's scene."""

    randomisation: str = "layout"
    """Randomisation by seed: none, layout, full, or a YAML file."""

    backend: Literal["mujoco", "physx", "stub"] = "mujoco"
    """The simulator; in Isaac Sim record with the panel and convert the recording."""

    cameras: tuple[str, ...] = ("front", "wrist")
    """Cameras that are recorded."""

    size: int = 128
    """Height and width of the camera images [px]."""

    fps: float = 20.0
    """Control rate, and rows per second [Hz]: 20 or 10."""

    perturb: float = 0.0
    """Share of the episodes with perturbed actions, which show recoveries."""

    steps_after_success: int = 4
    """Control periods recorded after success, so that a policy learns to hold still."""

    language_columns: bool = True
    """Label sub-tasks in LeRobot's columns of language; without them, LeRobot before 0.6 reads the dataset too."""

    format: str = "lerobot"
    """Format of the dataset: lerobot, lerobot-v2.1, manifest, hdf5; or transitions, for training mini:
    states and actions of every control period, images of a few, failures included."""

    picture_share: float = 0.12
    """With --format transitions: share of the control periods with images."""

    resume: bool = False
    """Complete a dataset that an earlier run began, with the same options."""

    ray: bool = False
    """Run on a Ray cluster, if Ray is installed."""

    json: bool = False
    """Print one JSON object as the last line of standard output."""

    def run(self) -> int:
        """Collect and print a report."""
        if self.episodes < 1:
            raise UsageError(f"--episodes {self.episodes}: give a whole number from 1")
        if self.workers < 1:
            raise UsageError(f"--workers {self.workers}: give a whole number from 1")
        check_writable(self.dst.parent)
        if self.format in TRANSITIONS:
            return self._collect_transitions()
        bar = ProgressBar("collect")
        try:
            report = collect(
                self.dst,
                self._plan(),
                format=self.format,
                num_workers=self.workers,
                resume=self.resume,
                use_ray=self.ray,
                progress=bar,
            )
        except KeyboardInterrupt:
            bar.close()
            note(f"{self.dst} is intact with the episodes collected so far; run the same command with --resume to continue")
            raise
        finally:
            bar.close()
        return self._report(report)

    def _collect_transitions(self) -> int:
        if not 0 <= self.picture_share <= 1:
            raise UsageError(f"--picture-share {self.picture_share}: give a share within 0 to 1")
        begin = time.perf_counter()
        blocks = collect_transitions(
            self.dst, self._plan(), picture_share=self.picture_share, num_workers=self.workers, resume=self.resume
        )
        with ProgressBar("collect", "blocks") as bar:
            for done, total in blocks:
                bar(done, total)
        seconds = time.perf_counter() - begin
        counts = count_transitions(self.dst)
        say(f"collected    {counts['episodes']} episodes, {counts['rows']} rows, {counts['pictures']} with pictures")
        say(f"dataset      {self.dst}, in {seconds:.1f} s")
        if self.json:
            emit({"dataset": str(self.dst), "seconds": round(seconds, 1), **counts})
        return OK

    def _plan(self) -> CollectionPlan:
        try:
            return CollectionPlan(
                tasks=tuple(dict.fromkeys(self.task)) or ("place_on",),
                episodes=self.episodes,
                seed=self.seed,
                scene=self.scene,
                randomisation=self.randomisation,
                backend=self.backend,
                cameras=self.cameras,
                image_hw=(self.size, self.size),
                fps=self.fps,
                perturb=self.perturb,
                steps_after_success=self.steps_after_success,
                language_columns=self.language_columns,
            )
        except VlaIsaacError as error:
            raise UsageError(in_options(error)) from error

    def _report(self, report: CollectionReport) -> int:
        families = ", ".join(f"{name} {count}" for name, count in report.tasks.items()) or "none"
        say(f"collected    {report.collected} episodes, {report.frames} rows in {report.seconds:.1f} s ({families})")
        failures = ", ".join(f"{name} {count}" for name, count in report.failures.items()) or "none"
        say(f"attempts     {report.attempts}, failures: {failures}")
        say(f"dataset      {report.dataset}, {report.episodes} episodes")
        if report.problem is not None:
            note(f"error: {report.problem}")
        if self.json:
            emit(asdict(report))
        return OK if report.is_complete else NOT_REACHED
