"""Small files that unfold to any size: an error, fast, and without the memory."""

from __future__ import annotations

import io
import time
import zipfile

import numpy as np
import pytest

from vla_isaac.core.array_files import read_arrays
from vla_isaac.core.config import from_mapping, load_yaml
from vla_isaac.core.errors import ConfigError, DatasetError
from vla_isaac.core.input_files import parse_json
from vla_isaac.core.yaml_files import read_yaml
from vla_isaac.scene.builder import ScenePreset, scene_preset


@pytest.fixture
def bomb(tmp_path):
    """YAML whose aliases unfold to 10^10 words."""
    lines = ["instruction: x", "objects: []", "description:", "  - &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  - &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "bomb.yaml"


def test_aliases_that_unfold_to_any_size_are_refused_at_once(bomb):
    begin = time.process_time()
    with pytest.raises(ConfigError, match=r"bomb\.yaml has aliases that unfold to more than 100,000 entries"):
        scene_preset(str(bomb))
    assert time.process_time() - begin < 1.0


def test_a_value_of_any_size_is_shown_short():
    value = ["x"] * 10
    for _ in range(12):
        value = [value] * 10
    with pytest.raises(ConfigError, match=r"key 'description': \[\[\[.*\.\.\. is not accepted") as caught:
        from_mapping(ScenePreset, {"description": value, "instruction": "", "objects": []})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 20_000, "is nested too deeply"),
        ("&a [*a]", "aliases that unfold"),
        ("x: " + "9" * 5000, "digits"),
        ("x" * (1 << 19), "at most 0 are read|MiB"),
        ('x: "\\ud800"', "surrogates"),
        ("? [a, b]\n: c", "not valid YAML"),
        ("!!python/object/apply:os.system [id]", "not valid YAML"),
        ("x: 2024-99-99", "is broken"),
    ],
    ids=["deep", "in itself", "digits", "large", "half a character", "key", "python", "date"],
)
def test_yaml_that_no_configuration_needs_is_an_error(tmp_path, text, why):
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"a\.yaml.*({why})"):
        read_yaml(tmp_path / "a.yaml")


@pytest.mark.parametrize("number", ["1" + "0" * 400, "0x" + "f" * 5000, "-0x" + "f" * 5000, ".nan", ".inf"])
def test_a_number_that_no_computer_number_holds_is_not_accepted(tmp_path, number):
    for key in ("light", "table_height"):
        (tmp_path / "a.yaml").write_text(f"objects: []\n{key}: {number}\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"a\.yaml"):
            load_yaml(ScenePreset, tmp_path / "a.yaml")


def test_json_that_would_fill_the_memory_is_not_parsed():
    text = "[" + "[]," * 12_000_000 + "0]"
    begin = time.process_time()
    with pytest.raises(DatasetError, match=r"a\.json needs more memory than there is"):
        parse_json(text, "a.json", error=DatasetError, remedy="x")
    assert time.process_time() - begin < 1.0


def test_half_a_character_in_json_is_an_error():
    with pytest.raises(DatasetError, match="surrogates"):
        parse_json(r'{"a": "\uD800"}', "a.json", error=DatasetError, remedy="x")
    assert parse_json(r'"\uD83D\uDE00"', "a.json", error=DatasetError, remedy="x") == "😀"


def npz(path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def npy(shape: object, descr: str, data: bytes = b"") -> bytes:
    memory = io.BytesIO()
    np.lib.format.write_array_header_1_0(memory, {"descr": descr, "fortran_order": False, "shape": shape})
    return memory.getvalue() + data


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (npy((10**12,), "<f8"), r"declares float64\[1000000000000\]"),
        (npy((3,), "|O", b"x" * 24), "holds Python objects"),
        (npy((-1,), "<f8", b"x" * 8), "declares"),
        (npy((2,), "<f8", b"x" * 8), "declares"),
        (b"no array", "is broken"),
    ],
    ids=["huge", "objects", "negative", "short", "no array"],
)
def test_an_array_that_declares_another_size_than_it_has_is_an_error(tmp_path, member, why):
    path = npz(tmp_path / "a.npz", ("x.npy", member))
    with pytest.raises(DatasetError, match=rf"a\.npz .*{why}"):
        read_arrays(path, error=DatasetError, remedy="x")


def test_an_archive_that_unpacks_to_gigabytes_is_an_error(tmp_path):
    path = npz(tmp_path / "a.npz", *((f"{n}.npy", npy((1 << 24,), "|u1", bytes(1 << 24))) for n in range(20)))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DatasetError, match=r"a\.npz would unpack to 320 MiB, at most 256 are read"):
        read_arrays(path, error=DatasetError, remedy="x")


def test_what_numpy_writes_is_read_bit_for_bit(tmp_path):
    arrays = {
        "a": np.arange(6.0).reshape(2, 3), "f": np.asfortranarray(np.arange(6).reshape(2, 3)), "s": np.array("text"),
        "e": np.zeros((0, 3)), "b": np.array([True, False]), "n": np.array(3.5),
    }  # fmt: skip
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez_compressed(tmp_path / "c.npz", **arrays)
    for name in ("a.npz", "c.npz"):
        found = read_arrays(tmp_path / name, error=DatasetError, remedy="x")
        assert {key: (values.dtype, values.tolist()) for key, values in found.items()} == {
            key: (values.dtype, values.tolist()) for key, values in arrays.items()
        }
        found["a"][0, 0] = 1.0  # may be written to, as from numpy
