"""`DemonstrationWorker`: run attempts in a worker process and write their images to files of a staging folder."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from vla_isaac.collection.collector import Collector, DemonstrationResult
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.datasets.episode import Images
from vla_isaac.datasets.statistics import Statistics, image_statistics
from vla_isaac.datasets.video_files import write_video


class DemonstrationWorker:
    """Runs attempts of a plan with one backend; runs in a worker process."""

    def __init__(self, plan: CollectionPlan, staging: Path, *, encode: bool) -> None:
        """Make the backend and the expert.

        Args:
            plan: What to collect.
            staging: Folder for files; each attempt has a subfolder.
            encode: Whether images are encoded as videos, or stored as arrays.
        """
        self._collector = Collector(plan)
        self._staging, self._encode = staging, encode

    def __call__(self, job: DemonstrationJob) -> DemonstrationResult:
        """Run one attempt."""
        return stage(self._collector, job, self._staging, encode=self._encode)

    def close(self) -> None:
        """Release the backend."""
        self._collector.close()


def stage(collector: Collector, job: DemonstrationJob, staging: Path, *, encode: bool) -> DemonstrationResult:
    """Run one attempt and write the images of a success to ``staging/<seed>``; a failure is never encoded."""
    begin = time.perf_counter()
    failure, recorder, steps = collector.try_one(job)
    if failure is not None:
        return DemonstrationResult(job=job, failure=failure, steps=steps, seconds=time.perf_counter() - begin)
    assert recorder.episode is not None  # a success has steps
    episode, encoding_begin = recorder.episode, time.perf_counter()
    folder = staging / str(job.seed)
    shutil.rmtree(folder, ignore_errors=True)  # of a worker that was lost over this attempt
    folder.mkdir(parents=True)
    keep = _keep_video if encode else _keep_array
    kept = {camera: keep(folder, camera, images, episode.meta.fps) for camera, images in episode.images.items()}
    end = time.perf_counter()
    return DemonstrationResult(
        job=job,
        failure=None,
        steps=steps,
        episode=replace(episode, images={}),
        pictures={camera: path for camera, (path, _) in kept.items()},
        statistics={camera: statistics for camera, (_, statistics) in kept.items() if statistics is not None},
        encoding_seconds=end - encoding_begin,
        seconds=end - begin,
    )


def _keep_video(folder: Path, camera: str, images: Images, fps: float) -> tuple[str, Statistics | None]:
    """Write a video as datasets contain it, and compute its colour statistics from the uncompressed images."""
    path = folder / f"{camera}.mp4"
    write_video(images, path, fps)
    return str(path), image_statistics(images)


def _keep_array(folder: Path, camera: str, images: Images, fps: float) -> tuple[str, Statistics | None]:
    """Write the images as an array, for formats that store arrays."""
    path = folder / f"{camera}.npy"
    np.save(path, np.asarray(images))
    return str(path), None
