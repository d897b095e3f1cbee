"""Verify images: black, frozen while the arm moves, or left over from the previous episode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError, ShapeError
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Images
from vla_isaac.datasets.statistics import sampled_rows
from vla_isaac.datasets.verification.numbers import Fault

BLACK = 16  # of 255: nothing in the picture is brighter; a rendered scene has lights, a video's black is not quite 0
BLOCK = 8  # [px] pictures are compared by the means of blocks, which a video's noise hardly changes
LEAST_BLOCKS = 16  # along each side: in fewer and larger ones the arm of a picture below 128 px hardly changes the means
# The rest was measured on 34 episodes of ten tasks, MuJoCo and stub, as PNG and as H.264: nothing clean is reported.
SAME = 0.5  # of 255, largest difference of a block mean between two images of the same view, apart from a video's key frames
ALIKE = 8.0  # of 255, the same with what key frames add; a frozen video stays below 8
LIVELY, VERY_LIVELY = 0.7, 1.5  # of 255, mean difference of blocks between two rows while something, or much, is moving
STUTTER_ROWS = 3  # more repeated images among changing ones may be a view of the bare table (measured: 4 at 1.09)
CALM = 0.25  # share of the changes before and after a freeze that a video's key frames make within it
FLICKER = 6.0  # of 255, greatest difference of a block's mean that a key frame makes within a freeze
MOVED = 0.02  # [rad] by which a joint must have turned before a repeated picture is a fault
MOVED_FAR = 0.3  # [rad] after which a picture is no longer the same, however little of the arm a camera sees (seen: 0.24)
MOVED_VERY_FAR = 0.8  # [rad] after which it is no longer alike (seen: 0.51)
STILL_ROWS = 10  # rows alike that are too many where a whole episode has nothing else
AT_ONCE, MOST_BYTES = 32, 1 << 28  # pictures decoded together, and their bytes
STATE = "observation.state"


@dataclass(frozen=True)
class Ends:
    """Start and end of an episode, to compare with the next one."""

    first: Mapping[str, AnyArray]
    """Thumbnail by camera."""

    last: Mapping[str, AnyArray]
    state: AnyArray | None
    """Joints in the last row."""

    meta: EpisodeMeta


@dataclass(frozen=True)
class Look:
    """What the pictures of a camera look like over an episode, to compare with other episodes."""

    mean: AnyArray
    """Mean of each color over the pictures that LeRobot's statistics sample, 0 to 1, shape (3,)."""

    digest: bytes | None
    """The same for the same pictures only; None where nothing moves in them."""


@dataclass(frozen=True)
class PictureCheck:
    """Result of the check of one episode."""

    faults: list[tuple[str, Fault]]
    """Faults, each with its camera."""

    ends: Ends
    looks: Mapping[str, Look]
    """What the episode looks like, by camera."""


def check_pictures(episode: Episode, before: Ends | None) -> PictureCheck:
    """Check every image of an episode once.

    Raises:
        DatasetError: If one cannot be decoded; its `camera` names the camera.
    """
    faults: list[tuple[str, Fault]] = []
    firsts, lasts, looks = {}, {}, {}
    state = episode.columns.get(STATE)
    for camera, images in episode.images.items():
        try:
            thumbnails, black = _survey(images)
        except (DatasetError, ShapeError) as error:
            raise DatasetError(error.message, remedy=error.remedy, camera=camera) from error
        faults += [(camera, fault) for fault in _black_faults(black)]
        faults += [(camera, fault) for fault in _frozen_faults(thumbnails, black, state)]
        firsts[camera], lasts[camera], looks[camera] = thumbnails[0], thumbnails[-1], _look(thumbnails)
        if before is not None and camera in before.last and not black[0]:
            faults += [(camera, fault) for fault in _stale_faults(thumbnails[0], camera, episode, before)]
    last_state = None if state is None else state[-1]
    return PictureCheck(faults, Ends(firsts, lasts, last_state, episode.meta), looks)


def _survey(images: Images) -> tuple[AnyArray, AnyArray]:
    """Return a thumbnail of block means per image, and which images are black."""
    thumbnails, black = [], []
    count = max(1, min(AT_ONCE, MOST_BYTES // max(1, int(np.prod(images.shape[1:])))))
    for start in range(0, len(images), count):
        pictures = images[start : start + count]
        thumbnails.append(_thumbnails(pictures))
        black.append(pictures.reshape(len(pictures), -1).max(axis=1) <= BLACK)
    return np.concatenate(thumbnails), np.concatenate(black)


def _thumbnails(pictures: AnyArray) -> AnyArray:
    t, h, w, _ = pictures.shape
    block = max(1, min(BLOCK, h // LEAST_BLOCKS, w // LEAST_BLOCKS))
    rows, columns = h // block, w // block
    cut = pictures[:, : rows * block, : columns * block].reshape(t, rows, block, columns, block, 3)
    return cut.mean(axis=(2, 4), dtype=np.float32)


def _look(thumbnails: AnyArray) -> Look:
    mean = thumbnails[sampled_rows(len(thumbnails))].mean(axis=(0, 1, 2), dtype=np.float64) / 255
    is_moving = np.abs(thumbnails - thumbnails[0]).max() >= ALIKE
    return Look(mean, sha256(thumbnails.tobytes()).digest() if is_moving else None)


def _are_alike(one: AnyArray, other: AnyArray) -> bool:
    return one.shape == other.shape and float(np.abs(one - other).max()) < ALIKE


def _black_faults(black: AnyArray) -> Iterator[Fault]:
    if black.any():
        yield int(np.argmax(black)), f"the picture is black ({int(black.sum())} of {len(black)})"


def _frozen_faults(thumbnails: AnyArray, black: AnyArray, state: AnyArray | None) -> Iterator[Fault]:
    """Yield the first row whose image is frozen although something moves.

    Either the images before and after change much and this one does not, or the arm has moved far. A camera that sees
    little of the arm changes little, so a single repeated image of it cannot be distinguished from a correct one.
    """
    change = np.abs(np.diff(thumbnails, axis=0)).reshape(len(thumbnails) - 1, -1)
    same = list(_runs((change.max(axis=1, initial=0.0) < SAME) & ~black[1:]))
    found = [run for run in same if _is_stutter(change, run, state) or _has_moved(state, run, MOVED_FAR)]
    for run in _alike(thumbnails, black):
        is_whole = run == (0, len(change)) and len(change) >= STILL_ROWS and _has_moved(state, run, MOVED, unknown=True)
        if is_whole or _is_calm(change, run, state) or _has_moved(state, run, MOVED_VERY_FAR):
            found.append(run)
    if found:
        start, end = min(found)
        yield start + 1, f"the picture is that of row {start} again, up to row {end}, though the arm has moved"


def _is_stutter(change: AnyArray, run: tuple[int, int], state: AnyArray | None) -> bool:
    start, end = run
    if start == 0 or end == len(change):
        return False
    is_lively = min(change[start - 1].mean(), change[end].mean()) >= (LIVELY if end - start <= STUTTER_ROWS else VERY_LIVELY)
    return bool(is_lively) and _has_moved(state, run, MOVED, unknown=True)


def _is_calm(change: AnyArray, run: tuple[int, int], state: AnyArray | None) -> bool:
    """Return whether almost nothing changes between two large changes; a frozen video still flickers at key frames."""
    start, end = run
    if start == 0 or end == len(change) or end - start < 2:
        return False
    around = float(min(change[start - 1].mean(), change[end].mean()))
    inside = change[start:end]
    is_calm = around >= VERY_LIVELY and float(inside.mean()) < CALM * around and float(inside.max()) < FLICKER
    return is_calm and _has_moved(state, run, MOVED, unknown=True)


def _alike(thumbnails: AnyArray, black: AnyArray) -> Iterator[tuple[int, int]]:
    """Yield the first and last row of each sequence of images that equal its first."""
    start = 0
    for t in range(1, len(thumbnails) + 1):
        if t == len(thumbnails) or black[t] or np.abs(thumbnails[t] - thumbnails[start]).max() >= ALIKE:
            if t - 1 > start and not black[start]:
                yield start, t - 1
            start = t


def _runs(truths: AnyArray) -> Iterator[tuple[int, int]]:
    """Yield the first and last row of each run of equal images."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], truths, [False]]).astype(np.int8)))
    yield from ((int(a), int(b)) for a, b in edges.reshape(-1, 2))


def _has_moved(state: AnyArray | None, run: tuple[int, int], least: float, *, unknown: bool = False) -> bool:
    """Return whether a joint turned by more than `least` [rad] during the run; `unknown` where there are no joints."""
    if state is None or state.shape[1] < 7:
        return unknown
    return float(np.abs(state[run[0] : run[1] + 1, :7] - state[run[0], :7]).max()) > least


def _stale_faults(first: AnyArray, camera: str, episode: Episode, before: Ends) -> Iterator[Fault]:
    """Yield a first image that belongs to the previous episode; the same scene at rest may look the same."""
    state = episode.columns.get(STATE)
    is_elsewhere = state is None or before.state is None or np.abs(state[0, :7] - before.state[:7]).max() > MOVED
    if is_elsewhere and _are_alike(first, before.last[camera]):
        yield 0, "the first picture is the last one of the episode before; it was taken before the reset was rendered"
    elif _differs(episode.meta, before.meta) and _are_alike(first, before.first[camera]):
        yield 0, "the first picture is the first one of the episode before, though the scene differs"


def _differs(meta: EpisodeMeta, before: EpisodeMeta) -> bool:
    return meta.seed != before.seed and meta.randomisation not in ("", "none")
