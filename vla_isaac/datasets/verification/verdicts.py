"""Verify the success flag and the rate of an episode against its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.verification.numbers import Fault


def verdict_faults(meta: EpisodeMeta, columns: Mapping[str, AnyArray], info: DatasetInfo) -> Iterator[Fault]:
    """Yield contradictions between an episode's metadata and its rows."""
    if "next.success" in columns and meta.success is not None and len(columns["next.success"]):
        last = bool(columns["next.success"].reshape(-1)[-1])
        if last != meta.success:
            row = len(columns["next.success"]) - 1
            yield row, f"the episode is called success={meta.success}, its last row says next.success={last}"
    if meta.success and meta.failure:
        yield None, f"the episode is called a success, and a failure ({meta.failure!r})"
    if abs(meta.fps - info.fps) > 1e-6:
        yield None, f"the episode was recorded at {meta.fps:g} Hz, the dataset says {info.fps:g} Hz"
