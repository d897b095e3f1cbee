"""The images of an episode for an HTML page: a video for browsers, or a few PNG files where no video can be made."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote

from vla_isaac.core.errors import MissingDependencyError, UsageError
from vla_isaac.datasets.episode import Episode, Images
from vla_isaac.datasets.images_on_disk import write_png
from vla_isaac.datasets.video_files import encode_video
from vla_isaac.datasets.view.contact_sheet import evenly

STILLS = 8  # images instead of a video
SMALLEST = 16  # [px] that H.264 takes


def write_media(folder: Path, number: int, episode: Episode) -> str:
    """Write the camera images of one episode below `folder`, and return the HTML that shows them."""
    return "".join(_camera(folder, number, camera, images, episode) for camera, images in episode.images.items())


def _camera(folder: Path, number: int, camera: str, images: Images, episode: Episode) -> str:
    stem = f"episode_{number:06d}_{quote(camera, safe='')}"
    caption = f"<figcaption>{escape(camera)}, {images.shape[1]} x {images.shape[2]}</figcaption>"
    data = _encoded(images, episode.meta.fps)
    if data is None:
        return f'<figure class="stills">{_stills(folder, stem, images)}{caption}</figure>'
    (folder / f"{stem}.mp4").write_bytes(data)
    write_png(folder / f"{stem}.png", images[0])
    source, poster = (f"{folder.name}/{quote(stem)}{ending}" for ending in (".mp4", ".png"))
    video = f'<video src="{source}" poster="{poster}" controls loop muted playsinline preload="none"></video>'
    return f"<figure>{video}{caption}</figure>"


def _encoded(images: Images, fps: float) -> bytes | None:
    """Return a video, or None where the image size or this installation does not allow one."""
    _, height, width, _ = images.shape
    if height % 2 or width % 2 or min(height, width) < SMALLEST:
        return None
    try:
        return encode_video(images, fps)
    except (MissingDependencyError, UsageError):
        return None


def _stills(folder: Path, stem: str, images: Images) -> str:
    tags = []
    for row in evenly(len(images), STILLS):
        name = f"{stem}_{row:05d}.png"
        write_png(folder / name, images[row])
        tags.append(f'<img src="{folder.name}/{quote(name)}" alt="row {row}" title="row {row}" loading="lazy">')
    return "".join(tags)
