"""`write_pages`: a folder with ``index.html`` that opens in any browser, from disk, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

from vla_isaac.core.arrays import Image
from vla_isaac.core.atomic_files import atomic_tree
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.copying import Progress
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.formats import DatasetReader
from vla_isaac.datasets.images_on_disk import write_png
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.view.contact_sheet import headline
from vla_isaac.datasets.view.media import write_media
from vla_isaac.datasets.view.plots import plots

MEDIA = "media"
SHEET = "contact_sheet.png"


def write_pages(
    reader: DatasetReader,
    episodes: Sequence[int],
    folder: Path,
    *,
    sheet: Callable[[], Image] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the pages of some episodes and return the file to open.

    Args:
        reader: The dataset.
        episodes: Indices of the episodes, in this order.
        folder: Output folder, which must not exist. It gets its name when it is complete.
        sheet: Makes an image that is written as `SHEET`; None writes none.
        progress: Called after each episode.

    Raises:
        UsageError: If the folder exists, or there is nothing to show.
        DatasetError: If an episode cannot be read.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists already; give a folder that does not, or remove it first")
    if not episodes:
        raise UsageError(f"dataset {reader.path}: has no episodes to show")
    with atomic_tree(folder) as part:
        (part / MEDIA).mkdir(parents=True)
        sections = []
        for done, number in enumerate(episodes, start=1):
            sections.append(_section(reader, number, part / MEDIA))
            if progress is not None:
                progress(done, len(episodes))
        (part / "index.html").write_text("".join(_page(reader, sections)), encoding="utf-8")
        if sheet is not None:
            write_png(part / SHEET, sheet())
    return folder / "index.html"


def _page(reader: DatasetReader, sections: list[str]) -> Iterator[str]:
    info = reader.info
    title = escape(reader.path.resolve().name)
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
    yield f"<h1>{title}</h1><p>{len(sections)} of {len(reader)} episodes | {escape(reader.format)} | {info.fps:g} Hz | "
    yield f"{escape(info.robot_type)} | cameras: {escape(', '.join(info.cameras) or 'none')}</p>"
    yield from sections
    yield f"<script>{SCRIPT}</script></body></html>\n"


def _section(reader: DatasetReader, number: int, media: Path) -> str:
    episode = reader.episode(number)
    verdict = {True: "good", False: "bad", None: "open"}[episode.meta.success]
    about = escape(dumps(meta_to_json(episode.meta), indent=1))
    figures = write_media(media, number, episode)
    return (
        f'<details class="episode {verdict}"{" open" if number == 0 else ""}>'
        f"<summary>{escape(headline(number, episode.meta, len(episode)))}</summary>"
        f'<div class="cameras">{figures}</div>{"".join(_plots(reader, episode))}'
        f"<details><summary>description</summary><pre>{about}</pre></details></details>"
    )


def _plots(reader: DatasetReader, episode: Episode) -> Iterator[str]:
    """Yield the plots of every column, the action first."""
    names = ["action", *(name for name in episode.columns if name != "action")]
    for name in names:
        if name in reader.info.features:
            yield plots(name, episode.columns[name], reader.info.features[name])


STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; } h3 { font-size: .95rem; margin: .8rem 0 .2rem; }
.episode { border-left: 4px solid gray; padding: .2rem .8rem; margin: .6rem 0; }
.good { border-color: seagreen; } .bad { border-color: firebrick; }
summary { cursor: pointer; font-weight: 600; }
.cameras, .plots { display: flex; flex-wrap: wrap; gap: .6rem; }
figure { margin: 0; } figcaption { font-size: .8rem; } small { opacity: .7; }
video { width: 320px; max-width: 100%; background: black; } .stills img { width: 110px; margin-right: 2px; }
.plots svg { width: 240px; height: 64px; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
polyline { fill: none; stroke: teal; stroke-width: 1.5; } .now { stroke: darkorange; }
pre { white-space: pre-wrap; font-size: .8rem; }
"""

SCRIPT = """
for (const episode of document.querySelectorAll('.episode')) {
  const videos = [...episode.querySelectorAll('video')], lines = episode.querySelectorAll('.now');
  for (const video of videos) {
    const others = videos.filter(v => v !== video);
    video.addEventListener('play', () => others.forEach(v => { v.currentTime = video.currentTime; v.play(); }));
    video.addEventListener('pause', () => others.forEach(v => v.pause()));
    video.addEventListener('timeupdate', () => {
      const x = 4 + 232 * Math.min(1, video.currentTime / (video.duration || 1));
      for (const line of lines) { line.setAttribute('x1', x); line.setAttribute('x2', x); }
    });
  }
}
"""
