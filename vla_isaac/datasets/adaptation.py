"""`Adaptation`: what makes a third-party dataset one that a model can be trained on: names, cameras, rate, convention.

A dataset of another program has its own names for columns and cameras, may store pictures upside down, and does not say
what its actions mean. An adapted dataset differs in exactly what is given here; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import UsageError
from vla_isaac.core.registry import unknown_name
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature, Images, LazyImages
from vla_isaac.datasets.formats import DatasetInfo, DatasetReader


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """Changes to a dataset; empty fields change nothing. Names are those of the dataset before the change."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """New name by old name; columns with the same new name are joined in this order."""

    cameras: Mapping[str, str] = field(default_factory=dict)
    """New name by old name."""

    flipped: tuple[str, ...] = ()
    """Cameras whose pictures are turned upside down: the last row becomes the first, left and right stay."""

    rotated: tuple[str, ...] = ()
    """Cameras whose pictures are rotated by 180 degrees: rows and columns are reversed."""

    fps: float | None = None
    """Rows per second, for a dataset that has none or a wrong one."""

    instruction: str | None = None
    """Instruction of every episode."""

    action_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the `ActionSpec` of the actions."""


class AdaptedReader:
    """A dataset as an `Adaptation` changes it; the dataset itself is untouched."""

    def __init__(self, reader: DatasetReader, adaptation: Adaptation) -> None:
        """Check the names.

        Raises:
            UnknownNameError: If the dataset has no column or camera of a name; the message lists those it has.
            UsageError: If two would have the same name, or columns cannot be joined.
        """
        self._reader, self._changes = reader, adaptation
        self.path, self.format = reader.path, reader.format
        self._cameras = _renamed(reader.info.cameras, adaptation.cameras, f"camera of {reader.path}")
        self._check_turned()
        self._parts = _parts(reader.info.features, adaptation.columns, f"column of {reader.path}")
        self.info = self._adapted_info()

    def __len__(self) -> int:
        return len(self._reader)

    def length(self, episode: int) -> int:
        """Return the number of rows of an episode."""
        return self._reader.length(episode)

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode."""
        return self._adapted_meta(self._reader.meta(episode))

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the columns of an episode, all or the named ones."""
        chosen = list(self._parts) if names is None else names
        for name in chosen:
            if name not in self._parts:
                raise unknown_name(f"column of {self.path}", name, self._parts)
        old = self._reader.columns(episode, [part for name in chosen for part in self._parts[name]])
        return self._joined(old, chosen)

    def episode(self, episode: int) -> Episode:
        """Return an episode; images are decoded, and turned, on access."""
        found = self._reader.episode(episode)
        images = {new: self._turned(old, found.images[old]) for old, new in self._cameras.items()}
        return replace(
            found, meta=self._adapted_meta(found.meta), columns=self._joined(found.columns, self._parts), images=images
        )

    def close(self) -> None:
        """Release files; may be called twice."""
        self._reader.close()

    # ------------------------------------------------------------------

    def _adapted_info(self) -> DatasetInfo:
        old, changes = self._reader.info, self._changes
        features = {
            new: old.features[parts[0]] if len(parts) == 1 else _joined_feature([old.features[part] for part in parts], new)
            for new, parts in self._parts.items()
        }
        turned = {*changes.flipped, *changes.rotated}
        return replace(
            old,
            features=features,
            cameras={new: old.cameras[name] for name, new in self._cameras.items()},
            fps=changes.fps or old.fps,
            action_spec=changes.action_spec or old.action_spec,
            upside_down=tuple(self._cameras[name] for name in old.upside_down if name not in turned),
        )

    def _adapted_meta(self, meta: EpisodeMeta) -> EpisodeMeta:
        changes = self._changes
        return replace(
            meta,
            instruction=meta.instruction if changes.instruction is None else changes.instruction,
            fps=changes.fps or meta.fps,
            action_spec=changes.action_spec or meta.action_spec,
            cameras={self._cameras.get(name, name): camera for name, camera in meta.cameras.items()},
        )

    def _joined(self, old: Mapping[str, AnyArray], names: Iterable[str]) -> dict[str, AnyArray]:
        parts = {name: [old[part] for part in self._parts[name]] for name in names}
        return {
            name: found[0] if len(found) == 1 else np.concatenate(found, axis=1, dtype=self.info.features[name].dtype)
            for name, found in parts.items()
        }

    def _turned(self, name: str, images: Images) -> Images:
        is_flipped, is_rotated = name in self._changes.flipped, name in self._changes.rotated
        return TurnedImages(images, is_rotated=is_rotated) if is_flipped or is_rotated else images

    def _check_turned(self) -> None:
        cameras, changes = self._reader.info.cameras, self._changes
        for name in (*changes.flipped, *changes.rotated):
            if name not in cameras:
                raise unknown_name(f"camera of {self.path}", name, cameras)
        both = set(changes.flipped) & set(changes.rotated)
        if both:
            raise UsageError(f"camera {min(both)!r} is both flipped and rotated", remedy="give one of them")


class TurnedImages(LazyImages):
    """Images with their rows reversed, or rotated by 180 degrees."""

    def __init__(self, images: Images, *, is_rotated: bool) -> None:
        """Turn images on access: only upside down, or also left to right."""
        length, height, width, _ = images.shape
        super().__init__(length, (height, width))
        self._images, self._is_rotated = images, is_rotated

    def _read(self, row: int) -> Image:
        picture = self._images[row]
        return np.ascontiguousarray(picture[::-1, ::-1] if self._is_rotated else picture[::-1])


def _renamed(names: Iterable[str], changes: Mapping[str, str], kind: str) -> dict[str, str]:
    """Return the new name by each old name, and check that they are known and different."""
    old = list(names)
    for name in changes:
        if name not in old:
            raise unknown_name(kind, name, old)
    renamed = {name: changes.get(name, name) for name in old}
    twice = [new for new in renamed.values() if list(renamed.values()).count(new) > 1 or not new]
    if twice:
        sources = ", ".join(name for name, new in renamed.items() if new == twice[0])
        raise UsageError(f"{kind}: {sources} would all be named {twice[0]!r}", remedy="give each another name")
    return renamed


def _parts(features: Mapping[str, Feature], changes: Mapping[str, str], kind: str) -> dict[str, tuple[str, ...]]:
    """Return the old columns that each new column is made of."""
    for name in changes:
        if name not in features:
            raise unknown_name(kind, name, features)
    parts: dict[str, tuple[str, ...]] = {}
    for name in (*changes, *(name for name in features if name not in changes)):
        new = changes.get(name, name)
        if new in parts and name not in changes:
            raise UsageError(
                f"{kind}: there is a column {new!r} already",
                remedy=f"rename it, too, or give {name}={new} as well to join both",
            )
        parts[new] = (*parts.get(new, ()), name)
    return parts


def _joined_feature(parts: Sequence[Feature], name: str) -> Feature:
    wrong = [part for part in parts if len(part.shape) != 1]
    if wrong:
        raise UsageError(
            f"column {name!r}: rows of shape {wrong[0].shape} cannot be joined with others",
            remedy="join plain numbers only",
        )
    names = [part.names for part in parts]
    joined = tuple(word for words in names for word in words or ()) if all(names) else None
    width = sum(part.shape[0] for part in parts)
    kind = str(np.result_type(*(part.dtype for part in parts)))
    return Feature(kind, (width,), joined if joined and len(joined) == width else None)
