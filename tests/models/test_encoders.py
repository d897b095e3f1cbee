"""Pretrained encoders by name: folders as the transformers library writes them, with small random weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

from tests.models.zoo import batch_of, tiny  # noqa: E402
from vla_isaac.core.errors import ConfigError  # noqa: E402
from vla_isaac.models.base import load_model  # noqa: E402
from vla_isaac.models.encoders.pretrained import vision_settings  # noqa: E402
from vla_isaac.models.token_vocabulary import TokenVocabulary, load_vocabulary  # noqa: E402

SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
PICTURES = {"image_size": 32, "patch_size": 8}
CLIP = {"vision_config": {**SMALL, **PICTURES}, "text_config": {**SMALL, "vocab_size": 40, "max_position_embeddings": 16}}
VISION = {
    "resnet": lambda: transformers.ResNetModel(
        transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ),
    "clip": lambda: transformers.CLIPModel(transformers.CLIPConfig(**CLIP)),
    "siglip": lambda: transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**SMALL, **PICTURES)),
    "dinov2": lambda: transformers.Dinov2Model(
        transformers.Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, **PICTURES)
    ),
    "vit": lambda: transformers.ViTModel(transformers.ViTConfig(**SMALL, **PICTURES)),
}
LANGUAGE = {
    "bert": lambda: transformers.BertModel(transformers.BertConfig(vocab_size=40, max_position_embeddings=16, **SMALL)),
    "distilbert": lambda: transformers.DistilBertModel(
        transformers.DistilBertConfig(
            vocab_size=40, max_position_embeddings=16, dim=32, hidden_dim=48, n_layers=2, n_heads=2
        )
    ),
    "clip": VISION["clip"],
}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pick", "up", "the", "red", "cube", "blue", "box", "put", "on", "please"]


@pytest.fixture
def folder(tmp_path):
    """Return a function that saves an encoder, with a tokenizer beside it."""

    def save(make):
        torch.manual_seed(7)
        make().save_pretrained(tmp_path)
        tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        return str(tmp_path)

    return save


@pytest.mark.parametrize("kind", VISION)
def test_a_pretrained_encoder_of_pictures_brings_its_weights_and_keeps_them(kind, folder, tmp_path_factory):
    name = folder(VISION[kind])
    model = tiny("vla_transformer", vision=name, image_hw=[24, 24])
    eye = model.trunk.eyes.of["every"].network
    saved = VISION[kind]
    torch.manual_seed(7)
    whole = saved()
    wanted = whole.vision_model.state_dict() if kind == "clip" else whole.state_dict()
    model.begin()
    found = {key.removeprefix("vision_model."): value for key, value in eye.state_dict().items()}
    shared = {key: value for key, value in wanted.items() if key.removeprefix("vision_model.") in found}
    assert len(shared) > 10
    assert all(found[key.removeprefix("vision_model.")].equal(value) for key, value in shared.items())
    assert model.frozen() and all("trunk.eyes" in one for one in model.frozen())
    batch = batch_of(2, model)
    model.eval()
    with torch.no_grad():
        answer = model(batch)["raw"]
    again = tmp_path_factory.mktemp("saved")
    model.save_pretrained(again)
    loaded = load_model(again)
    with torch.no_grad():
        assert loaded(batch)["raw"].equal(answer)
    assert {"front", "wrist"} == set(model.heat(model(batch)))


def test_a_trained_model_loads_without_the_folder_its_encoder_came_from(folder, tmp_path_factory):
    name = folder(VISION["vit"])
    model = tiny("vla_transformer", vision=name)
    again = tmp_path_factory.mktemp("saved")
    model.save_pretrained(again)
    shutil.rmtree(name)
    assert load_model(again).config.vision == name


@pytest.mark.parametrize("kind", LANGUAGE)
def test_a_pretrained_encoder_of_sentences_reads_its_own_tokens(kind, folder, tmp_path_factory):
    name = folder(LANGUAGE[kind])
    vocabulary = TokenVocabulary(Path(name) / "tokenizer.json", max_words=12)
    model = tiny("vla_transformer", language=name, num_words=len(vocabulary))
    model.begin()
    model.eval()
    batch = batch_of(2, model)
    one, other = (vocabulary.encode([text, ""]) for text in ("pick up the red cube", "pick up the blue cube"))

    def answer(tokens):
        said = {"words": torch.from_numpy(tokens.words), "pieces": torch.from_numpy(tokens.pieces)}
        with torch.no_grad():
            return model({**batch, **said})["raw"]

    assert not torch.allclose(answer(one)[0], answer(other)[0], atol=1e-5)
    assert torch.allclose(answer(one)[1], answer(other)[1], atol=1e-6)  # nothing was said
    shorter = replace(one, words=one.words[:, :5], pieces=one.pieces[:, :5])
    assert torch.allclose(answer(one)[0], answer(shorter)[0], atol=1e-5)
    assert any("language" in frozen for frozen in model.frozen())


def test_a_checkpoint_keeps_its_tokenizer(folder, tmp_path_factory):
    vocabulary = TokenVocabulary(Path(folder(LANGUAGE["bert"])) / "tokenizer.json", max_words=6)
    checkpoint = tmp_path_factory.mktemp("checkpoint")
    vocabulary.save(checkpoint)
    again = load_vocabulary(checkpoint)
    text = ["please put the red cube on the blue box now"]
    assert len(again) == len(WORDS) + 1
    assert (again.encode(text).words == vocabulary.encode(text).words).all()
    assert again.encode(text).words.shape == (1, 6)


def test_pretrained_encoders_learn_too_if_asked(folder):
    model = tiny("vla_transformer", vision=folder(VISION["vit"]), trains_pretrained=True)
    assert model.frozen() == []


def test_an_encoder_of_an_unknown_architecture_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(ConfigError, match="gpt2"):
        vision_settings(str(tmp_path), 32)


def test_a_history_is_refused_by_encoders_of_single_pictures(folder):
    with pytest.raises(ConfigError, match="history: 1"):
        tiny("vla_transformer", vision=folder(VISION["vit"]), history=2)


def test_a_broken_tokenizer_is_named(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match="tokenizer"):
        TokenVocabulary(path)
