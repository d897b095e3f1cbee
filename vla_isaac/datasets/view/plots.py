"""Numbers over time as inline SVG: one small plot per number, with a line that follows the video."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.episode import Feature

WIDTH, HEIGHT, MARGIN = 240, 64, 4  # [px]


def plots(name: str, values: AnyArray, feature: Feature) -> str:
    """Return all numbers of a column, shape (T, ...), as small plots side by side."""
    rows = values.reshape(len(values), -1).astype(np.float64)
    labels = feature.names or tuple(str(n) for n in range(rows.shape[1]))
    if rows.shape[1] == 1 and not feature.names:
        labels = ("",)
    figures = "".join(_plot(f"{label}", rows[:, n]) for n, label in enumerate(labels))
    return f'<h3>{escape(name)}</h3><div class="plots">{figures}</div>'


def _plot(label: str, values: AnyArray) -> str:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    lines = "".join(f'<polyline points="{points}"/>' for points in _lines(values, low, high))
    lacking = len(values) - len(finite)
    note = f" ({lacking} not finite)" if lacking else ""
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)} from {low:.4g} to {high:.4g}">'
        f'{lines}<line class="now" x1="{MARGIN}" x2="{MARGIN}" y1="0" y2="{HEIGHT}"/></svg>'
        f"<figcaption>{escape(label)} <small>{low:.4g} to {high:.4g}{note}</small></figcaption></figure>"
    )


def _lines(values: AnyArray, low: float, high: float) -> Iterator[str]:
    """Yield the points of each unbroken piece; numbers that are not finite leave a gap."""
    x = MARGIN + (WIDTH - 2 * MARGIN) * np.arange(len(values)) / max(len(values) - 1, 1)
    share = (values - low) / (high - low) if high > low else np.where(np.isfinite(values), 0.5, np.nan)
    y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share
    for piece in np.split(np.arange(len(values)), np.flatnonzero(~np.isfinite(y))):
        kept = [t for t in piece if np.isfinite(y[t])]
        if kept:
            yield " ".join(f"{x[t]:.1f},{y[t]:.1f}" for t in kept)
