"""Statistics of a dataset as LeRobot defines them: per episode, and aggregated over episodes.

Per episode: mean, standard deviation, minimum, maximum, and quantiles that are occurring values (LeRobot takes them from
a histogram of 5000 bins, so its differ by up to 1/5000 of the range). Aggregated: minimum, maximum, mean and standard
deviation exactly (parallel variance), quantiles as the mean of the episodes' quantiles weighted by their rows. This is
how LeRobot's trainers expect them; it is not the quantile of all rows together.

Computed in double precision. LeRobot 0.4.4 squares images as bytes, which overflows, and writes standard deviations
near zero for them; here they are correct.

Source: huggingface/lerobot 0.4.4, `lerobot/datasets/compute_stats.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.episode import Images

Statistics: TypeAlias = dict[str, AnyArray]
"""Statistics of one column: `mean`, `std`, `min`, `max`, `count` and the quantiles, by name."""

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
LARGE, SUBSAMPLED = 300, 150  # [px] images with a side of 300 or more are subsampled to about 150
FEWEST, MOST, POWER = 100, 10_000, 0.75  # number of sampled images, and its growth with the episode


def column_statistics(values: AnyArray) -> Statistics:
    """Return the statistics of each value of a row, shape of a row; of values (T, ...)."""
    exact = np.asarray(values, dtype=np.float64)
    result = {
        "min": exact.min(axis=0),
        "max": exact.max(axis=0),
        "mean": exact.mean(axis=0),
        "std": exact.std(axis=0),
        "count": np.array([len(exact)]),
    }
    quantiles = np.quantile(exact, list(QUANTILES.values()), axis=0, method="inverted_cdf")
    return result | dict(zip(QUANTILES, quantiles, strict=True))


def image_statistics(images: Images) -> Statistics:
    """Return the statistics of each colour channel, 0 to 1, shape (3, 1, 1); `count` is the number of sampled images."""
    chosen = sampled_rows(len(images))
    histograms = sum(_histogram(images[int(row)]) for row in chosen)
    return _of_histograms(np.asarray(histograms), len(chosen))


def sampled_rows(length: int) -> AnyArray:
    """Return the indices of the sampled images of an episode: all up to 100, then a decreasing share."""
    number = max(min(FEWEST, length), min(int(length**POWER), MOST))
    return np.round(np.linspace(0, length - 1, number)).astype(int)


def aggregate(episodes: Sequence[Mapping[str, Statistics]]) -> dict[str, Statistics]:
    """Return the aggregated statistics of all episodes, by column."""
    names = dict.fromkeys(name for statistics in episodes for name in statistics)
    return {name: _aggregate_column([s[name] for s in episodes if name in s]) for name in names}


def statistics_from_json(data: Mapping[str, Mapping[str, Any]]) -> dict[str, Statistics]:
    """Return statistics by column from the lists in a `stats.json`."""
    return {
        column: {key: np.asarray(value, dtype=np.int64 if key == "count" else np.float64) for key, value in values.items()}
        for column, values in data.items()
    }


def _aggregate_column(parts: Sequence[Statistics]) -> Statistics:
    stacked = {key: np.stack([np.asarray(part[key], dtype=np.float64) for part in parts]) for key in parts[0]}
    counts = stacked["count"]
    total = counts.sum(axis=0)
    weights = counts.reshape(len(parts), *[1] * (stacked["mean"].ndim - 1)) / total
    mean = (stacked["mean"] * weights).sum(axis=0)
    variance = ((stacked["std"] ** 2 + (stacked["mean"] - mean) ** 2) * weights).sum(axis=0)
    result = {
        "min": stacked["min"].min(axis=0),
        "max": stacked["max"].max(axis=0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": total.astype(np.int64),
    }
    return result | {key: (stacked[key] * weights).sum(axis=0) for key in QUANTILES if key in stacked}


def _histogram(rgb: AnyArray) -> AnyArray:
    """Return the count of each byte value in each colour channel, shape (3, 256)."""
    height, width = rgb.shape[:2]
    step = (width if width > height else height) // SUBSAMPLED if max(height, width) >= LARGE else 1
    thinned = rgb[::step, ::step]
    return np.stack([np.bincount(thinned[..., colour].ravel(), minlength=256) for colour in range(3)])


def _of_histograms(histograms: AnyArray, count: int) -> Statistics:
    values = np.arange(256) / 255.0
    total = histograms[0].sum()
    mean = histograms @ values / total
    variance = (histograms * (values[None] - mean[:, None]) ** 2).sum(axis=1) / total
    cumulated = histograms.cumsum(axis=1)
    result = {
        "min": _first(histograms > 0) / 255.0,
        "max": 1.0 - _first(histograms[:, ::-1] > 0) / 255.0,
        "mean": mean,
        "std": np.sqrt(variance),
    }
    result |= {key: _first(cumulated >= share * total) / 255.0 for key, share in QUANTILES.items()}
    return {key: value.reshape(3, 1, 1) for key, value in result.items()} | {"count": np.array([count])}


def _first(truths: AnyArray) -> AnyArray:
    return np.argmax(truths, axis=1).astype(np.float64)


def flattened(statistics: Mapping[str, Statistics]) -> Iterable[tuple[str, AnyArray]]:
    """Yield each as ``stats/<column>/<statistic>``, the name of its column in an episode's row."""
    for column, values in statistics.items():
        for key, value in values.items():
            yield f"stats/{column}/{key}", value
