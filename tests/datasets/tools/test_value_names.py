"""Names of values: as lists, mappings or nested; a wrong number of names becomes numbers, with one warning."""

from __future__ import annotations

import json
import logging

import pytest
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.cli.main import main
from vla_isaac.datasets.convert import convert
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.loading import SampleOptions, VLADataset
from vla_isaac.datasets.robomimic.layout import ABOUT
from vla_isaac.datasets.value_names import value_names
from vla_isaac.datasets.verification import verify_path
from vla_isaac.datasets.view import write_pages

h5py = pytest.importorskip("h5py")
SIX = ["x", "y", "z", "rx", "ry", "rz"]
SEVEN = (*SIX, "gripper")
WRONG = [
    ["actions"],
    list(SEVEN[:6]),
    [*SEVEN, "more"],
    {"motors": ["a"]},
    {"a": {"b": ["c"]}},
    "action",
    [["a"], "b"],
    {"a": 0},
]
RIGHT = [
    list(SEVEN),
    {"motors": list(SEVEN)},
    {"arm": SIX, "gripper": ["gripper"]},
    {"arm": SIX, "hand": "gripper"},
    [SIX, ["gripper"]],
    {"action": {"arm": SIX, "hand": ["gripper"]}},
    {name: number for number, name in reversed(list(enumerate(SEVEN)))},
]


@pytest.mark.parametrize("names", RIGHT, ids=str)
def test_names_are_found_however_they_are_nested(caplog, names):
    assert value_names(names, (7,), column="action", source="f") == SEVEN
    assert caplog.records == []


@pytest.mark.parametrize("names", [None, [], {}, {"motors": []}, {"motors": None}, [[]]])
def test_no_names_are_no_fault(caplog, names):
    assert value_names(names, (7,), column="action", source="f") is None
    assert caplog.records == []


def test_names_of_axes_are_no_names_of_values(caplog):
    assert value_names(["row", "column"], (3, 4), column="a", source="axes") is None
    assert caplog.records == []
    assert value_names([[f"{r}{c}" for c in range(4)] for r in range(3)], (3, 4), column="a", source="f")[:5] == (
        *("00", "01", "02", "03", "10"),
    )


def test_names_that_are_nested_endlessly_are_none(caplog):
    names: object = "x"
    for _ in range(900):
        names = [names]
    assert value_names(names, (1,), column="a", source="f") is None


def rename(path, format: str, names) -> str:
    """Put `names` into the description of the column `action`, and return the place that a warning names."""
    if format == "hdf5":
        with h5py.File(path, "a") as file:
            about = json.loads(file["data"].attrs[ABOUT])
            about["features"]["action"]["names"] = names
            file["data"].attrs[ABOUT] = json.dumps(about)
        return str(path)
    file = path / ("dataset.json" if format == "manifest" else "meta/info.json")
    about = json.loads(file.read_text())
    about["features"]["action"]["names"] = names
    file.write_text(json.dumps(about))
    return str(file)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("names", WRONG, ids=str)
def test_a_wrong_number_of_names_becomes_numbers_with_one_warning(tmp_path, caplog, capsys, format, names):
    path = write(path_of(tmp_path, format), [make_episode(0)], format)
    place = rename(path, format, names)
    reader = open_dataset(path)
    assert reader.info.features["action"].names is None
    assert reader.info.features["observation.state"].names is not None
    reader.close()
    assert verify_path(path) == []
    assert main(["dataset", "info", str(path)]) == 0
    assert main(["dataset", "stats", str(path)]) == 0
    assert "action[6]" in capsys.readouterr().out
    convert(path, tmp_path / "out", "lerobot")
    assert open_dataset(tmp_path / "out").info.features["action"].names is None
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said.startswith(f"{place}: column 'action' has ")
    assert "names for 7 values; its values are numbered instead" in said


@pytest.mark.parametrize("format", FORMATS)
def test_a_mapping_of_names_is_read_in_every_format(tmp_path, caplog, format):
    path = write(path_of(tmp_path, format), [make_episode(0)], format)
    rename(path, format, {"arm": SIX, "hand": ["gripper"]})
    reader = open_dataset(path)
    assert reader.info.features["action"].names == SEVEN
    reader.close()
    assert caplog.records == []


def test_pages_and_samples_of_a_dataset_with_wrong_names_are_made(tmp_path):
    pytest.importorskip("torch")
    path = write(tmp_path / "demos", [make_episode(0)], "lerobot")
    rename(path, "lerobot", ["actions"])
    reader = open_dataset(path)
    assert write_pages(reader, [0], tmp_path / "pages").exists()
    reader.close()
    assert len(VLADataset(path, SampleOptions(chunk=2))) == 12
