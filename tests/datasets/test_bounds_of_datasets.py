"""Datasets whose small files declare or unfold to any size: an error that names the file, before the memory is taken."""

from __future__ import annotations

import json
import resource
import shutil
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.datasets.conftest import make_episode, make_info
from vla_isaac.core.errors import DatasetError, ForeignFileError
from vla_isaac.datasets import parquet
from vla_isaac.datasets.episode import Feature, stored_column
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.datasets.robomimic import reader as robomimic_reader
from vla_isaac.datasets.untrusted_paths import fill_template
from vla_isaac.datasets.verification import verify_path

HUGE = 13_000  # [px]


@pytest.fixture(scope="module")
def huge_picture(tmp_path_factory) -> Path:
    """A PNG of 13,000 x 13,000 px: 490 MB in memory, 0.5 MB in the file."""
    path = tmp_path_factory.mktemp("huge") / "huge.png"
    Image.new("1", (HUGE, HUGE)).save(path)
    return path


@pytest.fixture
def written(tmp_path):
    """Write a small dataset of a format and return its path."""

    def make(format: str) -> Path:
        path = tmp_path / ("set.hdf5" if format == "hdf5" else "set")
        with create_dataset(path, make_info({"front": (48, 64)}), format) as writer:
            writer.add(make_episode(cameras={"front": (48, 64)}))
        return path

    return make


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10  # [MiB]


def test_a_huge_picture_among_small_ones_is_not_decoded(written, huge_picture):
    path = written("manifest")
    shutil.copy(huge_picture, min(path.rglob("*.png")))
    before = peak()
    with pytest.raises(DatasetError, match=r"00000\.png: episode 0, row 0: .*13000 x 13000 px, expected \(48, 64\)"):
        open_dataset(path).episode(0).images["front"][0]
    assert peak() - before < 100


def test_the_first_picture_of_a_plain_manifest_may_not_be_huge_either(tmp_path, huge_picture):
    shutil.copy(huge_picture, tmp_path / "huge.png")
    step = {"image_path": "huge.png", "instruction": "lift", "action": [0.0]}
    (tmp_path / "manifest.json").write_text(json.dumps([step]), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"huge\.png: .*at most 33,177,600 pixels are decoded"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("shape", [HUGE, HUGE, 3], "expected 1 to 33,177,600 pixels"),
        ("shape", [-48, -64, 3], "expected a list of whole numbers from 1"),
        ("shape", [48], "expected three numbers"),
        ("dtype", {}, "expected text"),
    ],
)
@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1"])
def test_a_camera_that_is_declared_with_an_impossible_size_is_refused(written, format, field, value, why):
    path = written(format)
    info = json.loads((path / "meta/info.json").read_text(encoding="utf-8"))
    info["features"]["observation.images.front"][field] = value
    (path / "meta/info.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"info\.json.*({why})"):
        open_dataset(path)


@pytest.mark.parametrize("fps", [0, -20, 1e400, "nan", "x", [], 10**30])
@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1"])
def test_a_rate_that_is_none_is_refused(written, format, fps):
    path = written(format)
    info = json.loads((path / "meta/info.json").read_text(encoding="utf-8"))
    (path / "meta/info.json").write_text(json.dumps({**info, "fps": fps}), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"info\.json"):
        open_dataset(path)


def test_run_lengths_and_dictionaries_that_fill_the_memory_are_not_unpacked(tmp_path, monkeypatch):
    path, one = tmp_path / "a.parquet", pa.array(["x" * 500_000])
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000, np.int32)), one)
    pq.write_table(pa.table({"words": words}), path, store_schema=False)  # read as plain texts: 2.5 GB
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(parquet, "MOST_BYTES", 64 << 20)
    before = peak()
    with pytest.raises(DatasetError, match=r"a\.parquet unpacks to more than 64 MiB at once"):
        parquet.read_table(path)
    assert peak() - before < 400


def test_metadata_of_parquet_that_pyarrow_does_not_survive_is_not_looked_at(written):
    """pyarrow 23 ends the process where the histogram of a column has another size."""
    path = written("lerobot-v2.1")
    file = next(path.rglob("*.parquet"))
    data = file.read_bytes()
    for place in range(len(data) - 900, len(data) - 8, 60):
        file.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        try:
            open_dataset(path).columns(0)
        except DatasetError as error:
            assert ".parquet" in str(error)


def test_an_hdf5_column_of_gigabytes_is_not_read(written, monkeypatch):
    path = written("hdf5")
    monkeypatch.setattr(robomimic_reader, "MOST_BYTES", 100)
    with pytest.raises(DatasetError, match=r"set\.hdf5: episode 0 \(demo_0\): .* bytes, at most 100 are read"):
        open_dataset(path).columns(0)


def test_an_hdf5_chunk_that_unpacks_to_gigabytes_is_refused(written):
    path = written("hdf5")
    with h5py.File(path, "r+") as file:
        file["data/demo_0"].create_dataset(
            "obs/x", (1, 20_000, 20_000), "u1", chunks=(1, 20_000, 20_000), compression="gzip"
        )
    with pytest.raises(ForeignFileError, match=r"obs/x is stored in chunks of 400000000 bytes, at most 268435456"):
        open_dataset(path)


def test_pictures_of_another_type_in_hdf5_are_refused(written):
    path = written("hdf5")
    with h5py.File(path, "r+") as file:
        del file["data/demo_0/obs/front_image"]
        file["data/demo_0/obs/front_image"] = np.zeros((12, 48, 64, 3), np.float32)
    with pytest.raises(DatasetError, match=r"front_image is float32\[12, 48, 64, 3\], expected uint8 pictures"):
        open_dataset(path).episode(0)


@pytest.mark.parametrize(
    "template", ["{chunk_index:9d}", "{chunk_index:0999d}", "{chunk_index:>9}", "{0}", "{chunk_index[0]}"]
)
def test_a_template_with_another_format_is_refused(template):
    with pytest.raises(ForeignFileError, match="expected a path with no other placeholders"):
        fill_template(template, source="data_path", chunk_index=3)
    assert fill_template("{chunk_index}/{chunk_index:03d}", source="data_path", chunk_index=3) == "3/003"


def test_empty_cells_of_a_column_are_an_error_and_a_finding(written):
    path = written("lerobot")
    file = next((path / "data").rglob("*.parquet"))
    table = pq.read_table(file)
    number = table.column_names.index("next.done")
    cells = [None, *table["next.done"].to_pylist()[1:]]
    pq.write_table(table.set_column(number, "next.done", pa.array(cells, pa.bool_())), file)
    with pytest.raises(DatasetError, match="has 1 empty cells"):
        open_dataset(path).columns(0)
    assert any("empty cells" in finding.what for finding in verify_path(path))


def test_manifest_columns_that_are_not_described_are_a_finding(written):
    path = written("manifest")
    about = json.loads((path / "dataset.json").read_text(encoding="utf-8"))
    del about["features"]["action.target"]
    (path / "dataset.json").write_text(json.dumps(about), encoding="utf-8")
    assert any("'action.target', which dataset.json does not describe" in finding.what for finding in verify_path(path))


@pytest.mark.parametrize("format", ["manifest", "hdf5"])
def test_a_gap_in_what_a_killed_writer_left_is_an_error(tmp_path, format):
    path = tmp_path / ("set.hdf5" if format == "hdf5" else "set")
    writer = create_dataset(path, make_info({}), format)
    for seed in range(3):
        writer.add(make_episode(seed, cameras={}))
    folder = tmp_path / "set.hdf5.parts" if format == "hdf5" else path
    sorted(folder.rglob("*_000001.*"))[0].unlink()
    with pytest.raises(DatasetError, match="is missing"):
        open_dataset(folder)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.5, 1.0], "bool"),
        ([1.5], "int64"),
        ([float("nan")], "int64"),
        ([300], "uint8"),
        ([-1], "uint16"),
        ([1e300], "float32"),
    ],
)
def test_a_declared_type_that_does_not_keep_the_stored_numbers_is_refused(values, dtype):
    with pytest.raises(ValueError, match=f"are not kept by the declared {dtype}"):
        stored_column(np.array(values), Feature(dtype, (1,)))


@pytest.mark.parametrize(("values", "dtype"), [([0, 1], "bool"), ([2.0], "int64"), ([0.1], "float32"), ([True], "float32")])
def test_a_declared_type_that_keeps_the_stored_numbers_is_taken(values, dtype):
    assert stored_column(np.array(values), Feature(dtype, (1,))).dtype == dtype


@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1", "manifest"])
def test_a_column_of_numbers_that_is_declared_as_truth_values_is_an_error_of_its_file(written, format):
    path = written(format)
    about = path / ("dataset.json" if format == "manifest" else "meta/info.json")
    data = json.loads(about.read_text(encoding="utf-8"))
    data["features"]["observation.velocity"]["dtype"] = "bool"
    about.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"observation\.velocity"):
        open_dataset(path).columns(0)
