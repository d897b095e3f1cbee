"""The sheet and the pages show what is in the dataset, and need nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from small_datasets import make_episode, write

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.view import contact_sheet, write_pages
from vla_isaac.datasets.view.contact_sheet import HEIGHT, LINE, evenly

VOID = {"meta", "img", "line", "polyline", "link"}


class Page(HTMLParser):
    """Collects what a page refers to, and checks that its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.count: dict[str, int] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.links += [value for key, value in attrs if key in ("src", "href", "poster", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1


def test_the_sheet_has_a_strip_per_camera_with_pictures_evenly_over_time(clean, opened, episodes):
    sheet = contact_sheet(opened(clean["hdf5"]), [0, 2], pictures=4)
    assert sheet.shape[0] == 2 * (LINE + 2 * (HEIGHT + 4))
    assert evenly(12, 4) == [0, 4, 7, 11]
    last = sheet[LINE + 4 : LINE + HEIGHT - 4, 3 * 153 + 4 : 3 * 153 + 140]
    wanted = episodes[0].images["front"][11]
    assert abs(float(last.mean()) - float(wanted.mean())) < 6


def test_a_short_episode_has_fewer_pictures(tmp_path, opened):
    reader = opened(write(tmp_path / "d.hdf5", [make_episode(0, 2)], "hdf5"))
    assert contact_sheet(reader, [0], pictures=8).dtype == np.uint8


def test_a_dataset_without_cameras_has_pages_but_no_sheet(tmp_path, opened):
    reader = opened(write(tmp_path / "d.hdf5", [make_episode(0, cameras=())], "hdf5", cameras={}))
    with pytest.raises(UsageError, match="has no cameras"):
        contact_sheet(reader, [0])
    assert write_pages(reader, [0], tmp_path / "view").is_file()


@pytest.mark.parametrize("format", ["lerobot", "manifest"])
def test_the_pages_are_whole_and_refer_to_nothing_outside(clean, opened, tmp_path, format):
    index = write_pages(opened(clean[format]), [0, 2], tmp_path / "view")
    text = index.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.count["video"] == 4
    assert page.count["svg"] == 2 * sum(f.shape[0] for f in opened(clean[format]).info.features.values())
    assert len(page.links) == 8
    assert all((index.parent / link).stat().st_size > 100 for link in page.links)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)
    assert text.count("failed (dropped)") == 1


def test_words_of_a_dataset_cannot_become_code(tmp_path, opened):
    nasty = "<script>alert(1)</script>\"'&"
    reader = opened(write(tmp_path / "d.hdf5", [make_episode(0, instruction=nasty, reason=nasty)], "hdf5"))
    text = write_pages(reader, [0], tmp_path / "view").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert Page(text).count["script"] == 1
    assert "&lt;script&gt;alert(1)" in text


def test_numbers_that_are_not_finite_leave_a_gap(tmp_path, opened):
    episode = make_episode(0)
    episode.columns["action"][4, 0] = np.nan
    reader = opened(write(tmp_path / "d.hdf5", [episode], "hdf5"))
    text = write_pages(reader, [0], tmp_path / "view").read_text(encoding="utf-8")
    assert "(1 not finite)" in text
    assert "nan" not in text.partition("description")[0]


def test_an_existing_folder_is_left_alone(clean, opened, tmp_path):
    with pytest.raises(UsageError, match="exists already"):
        write_pages(opened(clean["hdf5"]), [0], tmp_path)
