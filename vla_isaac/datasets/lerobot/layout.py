"""File layout of a LeRobot v3.0 dataset, and its bookkeeping columns."""

from __future__ import annotations

from vla_isaac.datasets.episode import Feature

VERSION = "v3.0"
CHUNK = 1000  # files per folder
DATA_MB, VIDEO_MB = 100, 200  # [MiB] largest size of a compacted file

INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
OURS = "meta/vla_isaac.json"
"""Metadata that the format has no field for; LeRobot ignores the file."""

DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
DATA_V21 = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO_V21 = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
TEMPLATES = (DATA, VIDEO, DATA_V21, VIDEO_V21)
"""The templates of LeRobot itself, of either version of the format."""

EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"

IMAGE_PREFIX = "observation.images."
META_COLUMN = "vla_isaac/meta"
"""Column of an episode's row with its `EpisodeMeta` as JSON; LeRobot preserves it."""

NUMBERS = {
    *("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
}
"""Types of numeric columns."""

BOOKKEEPING: dict[str, Feature] = {
    "timestamp": Feature("float32", (1,)),
    "frame_index": Feature("int64", (1,)),
    "episode_index": Feature("int64", (1,)),
    "index": Feature("int64", (1,)),
    "task_index": Feature("int64", (1,)),
}


def place(number: int) -> dict[str, int]:
    """Return chunk and file index of a file's number, counted over all chunks."""
    return {"chunk_index": number // CHUNK, "file_index": number % CHUNK}


def file_number(chunk_index: int, file_index: int) -> int:
    """Return the number of a file, counted over all chunks."""
    return chunk_index * CHUNK + file_index


def video_key(camera: str) -> str:
    """Return the name of a camera's feature."""
    return IMAGE_PREFIX + camera
