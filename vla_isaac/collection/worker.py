"""What runs in a worker process: attempts, one after another, their pictures into files of a staging folder."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from vla_isaac.collection.attempt import Collector, Outcome
from vla_isaac.collection.plan import Attempt, CollectionPlan
from vla_isaac.datasets.episode import Images
from vla_isaac.datasets.statistics import Statistics, image_statistics
from vla_isaac.datasets.video_files import encode_video

_collector: Collector | None = None


def work(plan: CollectionPlan, attempt: Attempt, staging: str, *, encode: bool) -> Outcome:
    """Make one attempt in this process, whose backend is kept for the next one.

    Args:
        plan: What is collected.
        attempt: Which seed of which family.
        staging: Folder for files; each attempt has its own in it.
        encode: Whether pictures become videos, or arrays.
    """
    global _collector  # noqa: PLW0603 a process works on one plan and holds one backend
    if _collector is None or _collector.plan != plan:
        if _collector is not None:
            _collector.close()
        _collector = Collector(plan)
    return stage(_collector, attempt, Path(staging), encode=encode)


def stage(collector: Collector, attempt: Attempt, staging: Path, *, encode: bool) -> Outcome:
    """Make one attempt and leave the pictures of a success in ``staging/<seed>``; a failure is never encoded."""
    begin = time.perf_counter()
    failure, recorder, steps = collector.try_one(attempt)
    if failure is not None:
        return Outcome(attempt=attempt, failure=failure, steps=steps, seconds=time.perf_counter() - begin)
    assert recorder.episode is not None  # a success has steps
    episode, encoding_begin = recorder.episode, time.perf_counter()
    folder = staging / str(attempt.seed)
    folder.mkdir(parents=True)
    keep = _keep_video if encode else _keep_array
    kept = {camera: keep(folder, camera, images, episode.meta.fps) for camera, images in episode.images.items()}
    end = time.perf_counter()
    return Outcome(
        attempt=attempt,
        failure=None,
        steps=steps,
        episode=replace(episode, images={}),
        pictures={camera: path for camera, (path, _) in kept.items()},
        statistics={camera: statistics for camera, (_, statistics) in kept.items() if statistics is not None},
        encoding_seconds=end - encoding_begin,
        seconds=end - begin,
    )


def _keep_video(folder: Path, camera: str, images: Images, fps: float) -> tuple[str, Statistics | None]:
    """Write a video of the kind that datasets are made of, and count its colours while the pictures are at hand."""
    path = folder / f"{camera}.mp4"
    path.write_bytes(encode_video(images, fps))
    return str(path), image_statistics(images)


def _keep_array(folder: Path, camera: str, images: Images, fps: float) -> tuple[str, Statistics | None]:
    """Write the pictures as they are, for formats that want them so."""
    path = folder / f"{camera}.npy"
    np.save(path, np.asarray(images))
    return str(path), None
