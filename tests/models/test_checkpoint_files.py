"""A checkpoint of somebody else is read without another file of this machine and without a network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.base import load_model

MINI = Path(__file__).resolve().parents[2] / "tools/train_mini/weights"


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    return Path(shutil.copytree(MINI, tmp_path / "mini"))


def change(checkpoint: Path, **fields: object) -> None:
    file = checkpoint / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | fields), encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["../other.safetensors", "/etc/hostname", "sub/x.safetensors", "..\\other.safetensors", "..", 5]
)
def test_an_index_that_names_weights_elsewhere_is_refused(checkpoint, name):
    shutil.move(checkpoint / "model.safetensors", checkpoint.parent / "other.safetensors")
    index = {"metadata": {}, "weight_map": {"x": name}}
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"index\.json: weight_map is .*not part of the checkpoint; accepted is the name"):
        load_model(checkpoint)


@pytest.mark.parametrize("name", ["../other.safetensors", "/etc/hostname"])
def test_weights_named_in_the_config_lie_beside_it(checkpoint, name):
    change(checkpoint, transformers_weights=name)
    with pytest.raises(
        ConfigError, match=r"config\.json: transformers_weights is .*accepted is the name of a file next to it"
    ):
        load_model(checkpoint)


@pytest.mark.parametrize("field", ["vision", "language"])
@pytest.mark.parametrize("name", ["somebody/encoder", "../encoder", "bert-base-uncased"])
def test_an_encoder_without_settings_is_not_fetched(checkpoint, field, name):
    change(checkpoint, **{field: name, f"{field}_settings": None})
    with pytest.raises(ConfigError, match=rf"config\.json: {field} is .*accepted is an encoder whose {field}_settings are"):
        load_model(checkpoint)


@pytest.mark.parametrize("field", ["attn_implementation", "_attn_implementation", "_attn_implementation_internal"])
@pytest.mark.parametrize("is_inside", [False, True])
def test_an_implementation_of_attention_is_not_fetched(checkpoint, field, is_inside):
    value = {field: "somebody/kernel"}
    change(checkpoint, **({"vision_settings": value} if is_inside else value))
    with pytest.raises(ConfigError, match=rf"config\.json: {field} is 'somebody/kernel'.*such as 'sdpa'"):
        load_model(checkpoint)


@pytest.mark.parametrize("field", ["text_layers", "blocks"])
def test_a_million_layers_are_not_built(checkpoint, field):
    change(checkpoint, **{field: 10**6})
    with pytest.raises(ConfigError, match=rf"config\.json: {field} is '1000000'.*at most 256"):
        load_model(checkpoint)


def test_weights_that_are_a_link_out_of_the_folder_are_refused(checkpoint):
    shutil.move(checkpoint / "model.safetensors", checkpoint.parent / "other")
    (checkpoint / "model.safetensors").symlink_to(checkpoint.parent / "other")
    with pytest.raises(ConfigError, match=r"model\.safetensors is a link to .*not followed; .*cp -rL"):
        load_model(checkpoint)


def test_a_checkpoint_of_ours_is_read(checkpoint):
    assert load_model(checkpoint).num_parameters() > 0


def test_weights_in_several_files_of_the_folder_are_read(checkpoint):
    model = load_model(checkpoint)
    (checkpoint / "model.safetensors").unlink()
    model.save_pretrained(str(checkpoint), max_shard_size="200KB")
    assert (checkpoint / "model.safetensors.index.json").is_file()
    assert load_model(checkpoint).num_parameters() == model.num_parameters()
