"""``vla-isaac dataset``: exit codes, JSON, and one clear message for each kind of bad input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "datasets" / "tools"))
from small_datasets import FORMATS, make_episode, path_of, write

from vla_isaac.cli.main import DATASET_COMMANDS, main
from vla_isaac.control.normalisation import ActionStatistics

pytest.importorskip("pyarrow")
pytest.importorskip("h5py")


@pytest.fixture
def cli(capsys):
    """Run ``vla-isaac dataset``; return its exit code, its JSON object, and what it says on standard error."""

    def call(*words):
        code = main(["dataset", *map(str, words), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out.splitlines()[-1]) if out else None, err

    return call


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give four episodes as a manifest."""
    episodes = [make_episode(0), make_episode(1, 9), make_episode(2, 15, success=False), make_episode(3, 10)]
    return write(tmp_path_factory.mktemp("made") / "demos", episodes, "manifest")


@pytest.mark.parametrize("command", DATASET_COMMANDS)
def test_every_help_has_an_example(capsys, command):
    assert main(["dataset", command, "--help"]) == 0
    assert f"For example: vla-isaac dataset {command} " in capsys.readouterr().out


def test_the_help_lists_all_commands(capsys):
    assert main(["dataset", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"• {command}" in said for command in DATASET_COMMANDS)


def test_info_tells_what_is_in_it(cli, made):
    code, value, _ = cli("info", made)
    assert (code, value["format"], value["episodes"], value["rows"]) == (0, "manifest", 4, 46)
    assert (value["successes"], value["judged"], value["lengths"]) == (3, 4, [9, 11.0, 15])
    assert (value["tasks"], value["fps"]) == ({"place_on": 2, "stack": 2}, 20.0)
    assert value["cameras"] == {"front": [48, 64], "hand": [48, 64]}


def test_verify_is_exit_code_0_for_a_clean_and_1_for_a_spoilt_dataset(cli, made, tmp_path):
    assert cli("verify", made)[:2] == (0, {"dataset": str(made), "ok": True, "findings": []})
    episode = make_episode(0)
    episode.columns["action"][3, 1] = 7.0
    code, value, err = cli("verify", write(tmp_path / "d", [episode], "manifest"))
    assert (code, value["ok"]) == (1, False)
    (finding,) = value["findings"]
    assert (finding["file"], finding["episode"], finding["row"]) == ("manifest.json", 0, 3)
    assert "action[1] is 7" in finding["what"]
    assert "verify: 1 of 1 episodes" in err


def test_convert_there_and_back(cli, made, tmp_path):
    source = made
    for number, format in enumerate((*FORMATS, "manifest")):
        target = path_of(tmp_path, format, f"{format}-{number}")
        code, value, err = cli("convert", source, target, "--to", format)
        assert code == 0
        assert value == {"written": [{"dataset": str(target), "format": format, "episodes": 4, "rows": 46}]}
        assert "convert: 4 of 4 episodes" in err
        source = target
    assert (
        json.loads((source / "manifest.json").read_text())[5]["action"]
        == json.loads((made / "manifest.json").read_text())[5]["action"]
    )


def test_split_merge_and_filter(cli, made, tmp_path):
    code, value, _ = cli("split", made, tmp_path / "parts", "--share", "0.5", "--to", "hdf5", "--seed", "4")
    assert (code, sorted(value["train"] + value["val"]), len(value["val"])) == (0, [0, 1, 2, 3], 2)
    train, val = (entry["dataset"] for entry in value["written"])
    assert (Path(train).name, Path(val).name) == ("train.hdf5", "val.hdf5")
    code, value, _ = cli("merge", train, val, "--out", tmp_path / "all.hdf5")
    assert (code, value["written"][0]["rows"]) == (0, 46)
    code, value, _ = cli(
        "filter", tmp_path / "all.hdf5", tmp_path / "good", "--success", "yes", "--max-length", "10", "--to", "manifest"
    )
    assert (code, value["of"], len(value["kept"]), value["written"][0]["rows"]) == (0, 4, 2, 19)
    import h5py

    with h5py.File(tmp_path / "all.hdf5") as file:
        assert (len(file["mask/train"]), len(file["mask/valid"])) == (2, 2)


def test_split_by_what_episodes_are_about(cli, made, tmp_path):
    code, value, _ = cli("split", made, tmp_path / "parts", "--task", "stack")
    assert (code, value["train"], value["val"]) == (0, [0, 2], [1, 3])


def test_stats_are_printed_and_added_to_a_file(cli, made, tmp_path):
    out = tmp_path / "dataset_statistics.json"
    code, value, _ = cli("stats", made, "--name", "one", "--out", out)
    assert (code, list(value), value["one"]["num_transitions"], value["one"]["num_trajectories"]) == (0, ["one"], 46, 4)
    assert cli("stats", made, "--name", "two", "--mask", "1111110", "--out", out)[0] == 0
    held = json.loads(out.read_text())
    assert list(held) == ["one", "two"]
    assert ActionStatistics.from_mapping(held["two"]["action"]).mask == (True,) * 6 + (False,)
    code, value, _ = cli("stats", made, "--name", "two", "--out", out)
    assert (code, value["kind"]) == (2, "UsageError")


def test_view_writes_pages_and_sheet_or_the_sheet_alone(cli, made, tmp_path):
    code, value, err = cli("view", made, tmp_path / "view", "--episodes", "2", "--pictures", "3")
    assert (code, value["episodes"]) == (0, [0, 3])
    assert Path(value["page"]).is_file()
    assert Path(value["sheet"]).read_bytes()[:4] == b"\x89PNG"
    assert "pages: 2 of 2 episodes" in err
    code, value, _ = cli("view", made, tmp_path / "alone.png")
    assert (code, value["page"], value["sheet"]) == (0, None, str(tmp_path / "alone.png"))


BAD = [
    ("info {tmp}/nowhere", "nowhere: there is no such file or folder"),
    ("info {tmp}/folder", "folder: is none of the known formats"),
    ("info {made} --format rlds", "no dataset format named 'rlds'"),
    ("info {made} --format lerobot", "demos: is not a LeRobot v3 dataset"),
    ("verify {tmp}/broken", "manifest.json is not valid JSON"),
    ("verify {tmp}/broken.hdf5", "broken.hdf5 is broken or truncated"),
    ("info {tmp}/lerobot", "info.json"),
    ("convert {made} {tmp}/new --to rlds", "no dataset format named 'rlds'"),
    ("convert {made} {tmp}/folder --to lerobot", "folder exists already; give a path that does not"),
    ("convert {made} {tmp}/new --to hdf5", "an HDF5 dataset is one file; name it for example"),
    ("convert {tmp}/empty {tmp}/new.hdf5 --to hdf5", "empty: has no episodes, so there is nothing to convert"),
    ("convert {made} /dev/null/new --to manifest", "cannot write to /dev/null"),
    ("stats {tmp}/empty", "has no episodes"),
    ("stats {made} --mask 11x", "--mask 11x: give a 1 or a 0 for each number"),
    ("stats {made} --mask 11", "the mask has 2 entries, the actions have 7"),
    ("stats {made} --out {tmp}/broken/manifest.json", "is not valid JSON"),
    ("stats {made} --out {tmp}/folder", "is a folder; give a file"),
    ("view {made} {tmp}/folder", "folder exists already"),
    ("view {made} {tmp}/v --episodes 0", "--episodes 0: give a whole number from 1"),
    ("view {tmp}/empty {tmp}/v", "has no episodes to show"),
    ("split {made} {tmp}/p --share 1.5", "a share of 1.5 leaves one part empty"),
    ("split {made} {tmp}/p --share 0.5 --task stack", "--share 0.5 and a condition exclude each other"),
    ("split {made} {tmp}/p --task sweep", "0 of 4 episodes match"),
    ("split {made} {tmp}/folder", "folder exists already"),
    ("merge {made} --out {tmp}/m", "give at least two datasets to merge"),
    ("merge {made} {tmp}/nowhere --out {tmp}/m", "nowhere: there is no such file or folder"),
    ("filter {made} {tmp}/f", "every episode matches; give a condition"),
    ("filter {made} {tmp}/f --task sweep", "none of its 4 episodes matches; nothing was written"),
    ("verfy {made}", "no dataset command named 'verfy'; did you mean 'verify'?"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=[line for line, _ in BAD])
def test_bad_input_is_exit_code_2_with_one_clear_message(capsys, made, tmp_path, line, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text('[{"image_path": "a.png", "instr')
    (tmp_path / "broken.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (tmp_path / "lerobot" / "meta").mkdir(parents=True)
    (tmp_path / "lerobot" / "meta" / "info.json").write_text('{"codebase_version": "v3.0"}')
    write(tmp_path / "empty", [], "manifest")
    before = sorted(tmp_path.iterdir())
    assert main(["dataset", *line.format(made=made, tmp=tmp_path).split(), "--json"]) == 2
    out, err = capsys.readouterr()
    assert message in json.loads(out.splitlines()[-1])["error"]
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("line", ["", "convert a b", "split", "info --nonsense x"])
def test_what_the_option_parser_refuses_is_exit_code_2(capsys, line):
    assert main(["dataset", *line.split(), "--json"]) == 2
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == "UsageError"
