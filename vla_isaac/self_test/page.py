"""`write_report`: a self-test's report as one HTML file with its pictures, curves and JSON inside, and as JSON."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core import images
from vla_isaac.core.arrays import Array, Image
from vla_isaac.core.atomic_files import write_bytes, writing
from vla_isaac.core.errors import ConfigError
from vla_isaac.self_test.check import CheckResult, Curve, Status
from vla_isaac.self_test.reference import reference_picture
from vla_isaac.self_test.report import SelfTestReport

HTML, JSON = "report.html", "report.json"
WIDTH, HEIGHT, MARGIN = 260, 120, 8  # [px] of a plot
MARKS = {Status.HOLDS: "holds", Status.FAILS: "fails", Status.CRASHED: "fails", Status.NOT_CHECKED: "open"}
BAD = (Status.FAILS, Status.CRASHED)


@dataclass(frozen=True)
class ReportPart:
    """A part of the page: the results with some statuses."""

    of: tuple[Status, ...]
    title: str
    about: str = ""


PARTS = (
    ReportPart(BAD, "Does not hold", "In the order of the checks: begin with the first, from which others may follow."),
    ReportPart((Status.NOT_CHECKED,), "Not checked"),
    ReportPart((Status.HOLDS,), "Holds", "Open a line for the figures, curves and pictures."),
)
"""Parts in their order: what asks for something to be done comes first."""

WITH_REFERENCE = ("brightness", "camera-axes", "wrist-camera")
"""Checks next to whose pictures the reference picture is shown."""


def write_report(report: SelfTestReport, folder: Path) -> Path:
    """Write `HTML` and `JSON` into a folder and return the path of the first.

    Raises:
        WriteError: If it cannot be written.
    """
    values = report.to_json()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / JSON, (json.dumps(values, indent=1) + "\n").encode())
    write_bytes(folder / HTML, page(report, values).encode())
    return folder / HTML


def page(report: SelfTestReport, values: dict[str, Any]) -> str:
    """Return the HTML text; `values` is the report as JSON, which is embedded, so that one file is enough to post."""
    return "".join(_parts(report, values))


def _parts(report: SelfTestReport, values: dict[str, Any]) -> Iterator[str]:
    title = f"Self-test of {report.facts.get('simulator', report.backend)} {report.facts.get('release', '')}".strip()
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
    yield f"<h1>{escape(title)}</h1>"
    yield f'<p class="verdict {"fails" if report.bad else "holds"}">{escape(report.verdict)}</p>'
    yield f"<p>{escape(values['time'].replace('T', ' '))}, {report.seconds:.0f} s. Please post this file: "
    yield "it says which assumptions about the simulator are true on your machine.</p>"
    yield from _to_do(report)
    for part in PARTS:
        results = [result for result in report.results if result.status in part.of]
        if results:
            yield f"<h2>{part.title} ({len(results)})</h2>"
            yield f"<p>{part.about}</p>" if part.about else ""
            for result in results:
                yield from _section(result)
        if part.of == BAD:
            yield from _facts(report)
    text = json.dumps(values).replace("</", "<\\/")
    yield f'<script type="application/json" id="report">{text}</script></body></html>\n'


def _to_do(report: SelfTestReport) -> Iterator[str]:
    if not report.bad:
        return
    yield "<h2>What to do</h2><ul>"
    for result in report.bad:
        yield f'<li><a href="#{result.check.id}">{result.check.id}</a>: {escape(result.check.remedy)}</li>'
    yield "</ul>"


def _facts(report: SelfTestReport) -> Iterator[str]:
    yield '<h2>Machine</h2><table class="facts">'
    for name, value in report.facts.items():
        if value:
            yield f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
    yield "</table>"


def _section(result: CheckResult) -> Iterator[str]:
    check = result.check
    mark = MARKS[result.status]
    yield f'<details id="{check.id}" class="{mark}"{" open" if result.is_bad else ""}><summary>'
    yield f'<span class="mark {mark}">{result.status.value}</span> <code>{check.id}</code> {escape(check.claim)}'
    if not result.is_bad:
        yield f'<span class="found">{escape(_short(result.found))}</span>'
    yield "</summary>"
    yield f"<p><b>{'Why not' if result.status is Status.NOT_CHECKED else 'Found'}:</b> {escape(result.found)}</p>"
    if result.expected:
        yield f"<p><b>Accepted:</b> {escape(result.expected)}</p>"
    if result.is_bad:
        yield f'<p class="remedy"><b>What to do:</b> {escape(check.remedy)}</p>'
    if result.measurement is not None:
        yield '<div class="media">'
        yield from (_plot(curve) for curve in result.measurement.curves)
        for picture in result.measurement.pictures:
            yield _figure(_png(picture.rgb), picture.caption)
        if check.id in WITH_REFERENCE:
            yield from _reference("wrist" if check.id == "wrist-camera" else "front")
        yield "</div>"
    yield from _rows(result)
    yield f"<small>{escape(check.group)}, {result.seconds:.1f} s</small></details>"


def _rows(result: CheckResult) -> Iterator[str]:
    """Yield the rows of the ledger that a check covers."""
    if not result.rows:
        return
    yield "<p><b>Rows of the ledger:</b></p><ul>"
    for name, belief in result.rows.items():
        note = " (assumed: no source proves it)" if name in result.assumed else ""
        yield f"<li><code>{escape(name)}</code>{note}: {escape(belief)}</li>"
    yield "</ul>"


def _reference(camera: str) -> Iterator[str]:
    try:
        yield _figure(reference_picture(camera), f"reference (MuJoCo): {camera}")
    except ConfigError as error:
        yield f"<p>{escape(str(error))}</p>"


def _figure(png: bytes, caption: str) -> str:
    data = base64.b64encode(png).decode()
    text = escape(caption)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _png(rgb: Image) -> bytes:
    buffer = io.BytesIO()
    images.to_pil(np.ascontiguousarray(rgb)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _plot(curve: Curve) -> str:
    """Return a curve over its band as SVG, with the range of its values."""
    bands = [np.asarray(band) for band in (curve.low, curve.high) if band is not None]
    everything = np.concatenate([curve.values, *bands])
    finite = everything[np.isfinite(everything)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    span = max(high - low, 1e-9)
    ends = float(curve.time[0]), max(float(curve.time[-1] - curve.time[0]), 1e-9)

    def points(values: Array) -> str:
        x = MARGIN + (WIDTH - 2 * MARGIN) * (curve.time - ends[0]) / ends[1]
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / span
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))

    band = ""
    if len(bands) == 2:
        way_back = " ".join(reversed(points(bands[1]).split(" ")))
        band = f'<polygon points="{points(bands[0])} {way_back}"/>'
    text = escape(f"{curve.title}: {low:.4g} to {high:.4g} {curve.unit} in {ends[1]:.2f} s")
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text}">{band}'
    return f'<figure>{svg}<polyline points="{points(curve.values)}"/></svg><figcaption>{text}</figcaption></figure>'


def _short(text: str, most: int = 110) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


STYLE = """
:root { color-scheme: light dark; --good: #2e7d4f; --bad: #b3261e; --open: #7a5f00; --tint: #b3261e14; }
@media (prefers-color-scheme: dark) { :root { --good: #2f8f58; --bad: #c4372e; --open: #8a6d00; --tint: #e5534b26; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1.2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; }
.verdict { font-size: 1.1rem; padding: .7rem 1rem; border-radius: 8px; color: white; }
.verdict.holds { background: var(--good); } .verdict.fails { background: var(--bad); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; }
tr + tr { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.facts th { width: 9rem; font-weight: 600; }
.mark { display: inline-block; min-width: 6.5rem; text-align: center; border-radius: 4px; color: white; font-size: .8rem; }
.mark.holds { background: var(--good); } .mark.fails { background: var(--bad); } .mark.open { background: var(--open); }
details { border-left: 4px solid var(--open); padding: .3rem .9rem; margin: .5rem 0; }
details.holds { border-color: var(--good); } details.fails { border-color: var(--bad); background: var(--tint); }
summary { cursor: pointer; } summary code { font-weight: 600; } details p { margin: .4rem 0; }
.found { display: block; opacity: .75; padding-left: 1.2rem; } details[open] .found { display: none; }
.remedy { font-weight: 600; } small { opacity: .75; } ul { padding-left: 1.2rem; margin: .3rem 0; }
.media { display: flex; flex-wrap: wrap; gap: .8rem; margin: .5rem 0; }
figure { margin: 0; max-width: 100%; } figcaption { font-size: .8rem; max-width: 320px; }
img { width: 320px; max-width: 100%; border-radius: 4px; }
svg { width: 260px; max-width: 100%; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
polygon { fill: color-mix(in srgb, teal 25%, transparent); } polyline { fill: none; stroke: darkorange; stroke-width: 1.8; }
@media (max-width: 600px) { .facts th { width: 6rem; } body { padding: .8rem; } }
"""
