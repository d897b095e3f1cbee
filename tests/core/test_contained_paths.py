"""Links in a folder from a stranger lead to its own files, or to the blobs of its repository in the Hugging Face cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vla_isaac.core.contained_paths import check_folder, contained_file
from vla_isaac.core.errors import DatasetError


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "set" / "data").mkdir(parents=True)
    (tmp_path / "set" / "data" / "a").write_text("a")
    (tmp_path / "secret").write_text("s")
    return tmp_path / "set"


@pytest.mark.parametrize("target", ["data/a", "data/none", "./data/../data/a"])
def test_a_link_within_the_folder_is_followed(folder, target):
    (folder / "link").symlink_to(target)
    assert contained_file(folder, folder / "link", error=DatasetError) == folder / "link"


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "../set2/a", "data/up/secret"])
def test_a_link_that_leads_out_is_refused_with_a_remedy(folder, target):
    (folder / "data" / "up").symlink_to(folder.parent)
    (folder / "link").symlink_to(target)
    with pytest.raises(DatasetError, match=r"link is a link to .*and is not followed; if you trust it, .*cp -rL .*set NEW"):
        contained_file(folder, folder / "link", error=DatasetError)


def test_a_folder_that_is_a_link_is_refused_too(folder):
    (folder / "videos").symlink_to(folder.parent)
    with pytest.raises(DatasetError, match="is a link to"):
        contained_file(folder, folder / "videos" / "secret", error=DatasetError)


def test_the_folder_itself_may_be_reached_by_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    path = tmp_path / "link" / "data" / "a"
    assert contained_file(tmp_path / "link", path, error=DatasetError) == path
    os.chdir(tmp_path)
    assert contained_file(Path("link"), Path("link/data/a"), error=DatasetError)


@pytest.mark.parametrize(
    ("repository", "is_cache"), [("datasets--owner--set", True), ("models--owner--net", True), ("hub", False)]
)
def test_the_blobs_of_a_repository_of_the_hugging_face_cache_belong_to_its_snapshots(tmp_path, repository, is_cache):
    snapshot, blob = tmp_path / repository / "snapshots" / "0123", tmp_path / repository / "blobs" / "ab"
    snapshot.mkdir(parents=True)
    blob.parent.mkdir()
    blob.write_text("x")
    (snapshot / "info.json").symlink_to("../../blobs/ab")
    (snapshot / "other").symlink_to("../../../datasets--other--set/blobs/ab")
    if is_cache:
        assert contained_file(snapshot, snapshot / "info.json", error=DatasetError)
    else:
        with pytest.raises(DatasetError):
            contained_file(snapshot, snapshot / "info.json", error=DatasetError)
    with pytest.raises(DatasetError):
        contained_file(snapshot, snapshot / "other", error=DatasetError)


def test_a_folder_of_files_is_checked_before_a_library_opens_them(folder):
    check_folder(folder, (".json",), error=DatasetError, remedy="x")
    os.mkfifo(folder / "pipe.txt")
    check_folder(folder, (".json",), error=DatasetError, remedy="x")
    os.mkfifo(folder / "pipe.json")
    with pytest.raises(DatasetError, match=r"pipe\.json is no regular file"):
        check_folder(folder, (".json",), error=DatasetError, remedy="x")
