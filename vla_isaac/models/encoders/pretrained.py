"""Pretrained encoders by name, loaded with the transformers library; code from a hub is never run.

A name is one listed here, any other ``owner/name`` of the hub whose architecture is known, or a folder. If weights are not
on this machine and cannot be downloaded, the error says how to get them. A checkpoint stores the settings of its encoders,
so a trained model loads without the hub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from vla_isaac.core.contained_paths import check_folder
from vla_isaac.core.errors import ConfigError, first_line
from vla_isaac.core.input_files import read_json_object
from vla_isaac.core.registry import unknown_name
from vla_isaac.models.hugging_face import transformers

SMALL = "small"
"""Name of the small encoder, trained from scratch."""

CLIP_SMALL = "clip-small"
"""Name of a small encoder with the architecture of CLIP, trained from scratch."""

SCRATCH_VISION: dict[str, Any] = {
    "model_type": "clip_vision_model", "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3,
    "num_attention_heads": 4, "patch_size": 8, "projection_dim": 128,
    "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
}  # fmt: skip
SCRATCH_TEXT: dict[str, Any] = {
    "model_type": "clip_text_model", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "projection_dim": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1,
}  # fmt: skip

ON_HUB = {"resnet50": "microsoft/resnet-50"}
"""Short names and their names on the hub."""

VISION_NAMES = (
    SMALL, CLIP_SMALL, "resnet50", "openai/clip-vit-base-patch32", "google/siglip-base-patch16-224", "facebook/dinov2-small",
)  # fmt: skip
LANGUAGE_NAMES = (SMALL, CLIP_SMALL, "bert-base-uncased", "distilbert-base-uncased", "openai/clip-vit-base-patch32")

VISION = {
    "resnet": "ResNetModel",
    "clip_vision_model": "CLIPVisionModel",
    "siglip_vision_model": "SiglipVisionModel",
    "dinov2": "Dinov2Model",
    "vit": "ViTModel",
}
LANGUAGE = {
    "bert": "BertModel",
    "distilbert": "DistilBertModel",
    "roberta": "RobertaModel",
    "clip_text_model": "CLIPTextModel",
}
"""Architecture → class of the transformers library."""

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SCALES = {"clip_vision_model": CLIP, "siglip_vision_model": HALF, "vit": HALF}
"""Default mean and standard deviation of the pictures of an architecture, where its files have none."""


def is_pretrained(name: str) -> bool:
    """Return whether an encoder has pretrained weights."""
    return name not in (SMALL, CLIP_SMALL)


def vision_settings(name: str, side: int) -> dict[str, Any]:
    """Return the settings of a picture encoder; `side` is the picture size [px], for encoders trained from scratch.

    Raises:
        UnknownNameError: If there is no encoder of that name.
        ConfigError: If its files are not on this machine and cannot be downloaded, or its architecture is unknown.
    """
    if name == CLIP_SMALL:
        return {**SCRATCH_VISION, "image_size": side - side % SCRATCH_VISION["patch_size"]}
    found = _settings(name, VISION, VISION_NAMES, part="vision_config")
    mean, std = SCALES.get(found["model_type"], IMAGENET)
    scale = _json(name, "preprocessor_config.json")
    found["image_mean"], found["image_std"] = (list(scale.get(k, d)) for k, d in (("image_mean", mean), ("image_std", std)))
    return found


def language_settings(name: str, *, num_words: int, max_words: int) -> dict[str, Any]:
    """Return the settings of a sentence encoder; the sizes are for encoders trained from scratch.

    Raises:
        UnknownNameError: If there is no encoder of that name.
        ConfigError: If its files are not on this machine and cannot be downloaded, or its architecture is unknown.
    """
    if name == CLIP_SMALL:
        return {**SCRATCH_TEXT, "vocab_size": num_words, "max_position_embeddings": max_words}
    return _settings(name, LANGUAGE, LANGUAGE_NAMES, part="text_config")


def vision_model(settings: Mapping[str, Any]) -> tuple[nn.Module, int]:
    """Return an encoder with random weights, and its number of output features."""
    network = _class(VISION, settings)(_config(settings))
    for part in network.modules():  # only the unused pooled output needs it
        if hasattr(part, "post_layernorm"):
            part.post_layernorm = nn.Identity()
    config = network.config
    return network, int(getattr(config, "hidden_size", 0) or config.hidden_sizes[-1])


def language_model(settings: Mapping[str, Any]) -> tuple[nn.Module, int]:
    """Return an encoder with random weights, and the width of its word vectors."""
    config = _config(settings)
    pooling = {} if config.model_type in ("distilbert", "clip_text_model") else {"add_pooling_layer": False}
    return _class(LANGUAGE, settings)(config, **pooling), int(getattr(config, "hidden_size", 0) or config.dim)


def load_weights(network: nn.Module, name: str) -> None:
    """Load the pretrained weights of an encoder by its name.

    Raises:
        ConfigError: If they are not on this machine and cannot be downloaded.
    """
    try:
        kind: Any = type(network)
        found = kind.from_pretrained(_where(name), use_safetensors=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _not_here(name, error) from error
    expected = network.state_dict()
    given = {key: value for key, value in found.state_dict().items() if key in expected}
    network.load_state_dict(given)


class PretrainedEncoder(nn.Module):
    """A network of the transformers library; a frozen one is not trained and stays in evaluation mode."""

    def __init__(self, network: nn.Module, *, is_frozen: bool) -> None:
        super().__init__()
        self.network, self.is_frozen = network, is_frozen
        if is_frozen:
            network.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> PretrainedEncoder:
        """Switch to training or evaluation; a frozen network is always in evaluation mode."""
        super().train(mode)
        if self.is_frozen:
            self.network.eval()
        return self


def tokenizer_file(name: str) -> Path:
    """Return the path of the ``tokenizer.json`` of a sentence encoder.

    Raises:
        ConfigError: If it is not on this machine and cannot be downloaded.
    """
    path = Path(_where(name)) / "tokenizer.json"
    if path.is_file():
        return path
    try:
        return Path(transformers.utils.cached_file(_where(name), "tokenizer.json"))
    except (OSError, ValueError, TypeError) as error:
        raise _not_here(name, error) from error


# ------------------------------------------------------------------


def _settings(name: str, known: Mapping[str, str], names: tuple[str, ...], *, part: str) -> dict[str, Any]:
    if not (name in names or "/" in name or Path(name).is_dir()):
        raise unknown_name("encoder", name, names)
    try:
        config = transformers.AutoConfig.from_pretrained(_where(name), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _not_here(name, error) from error
    config = getattr(config, part, None) or config
    if config.model_type not in known:
        raise ConfigError(
            f"encoder {name!r} is a {config.model_type}, which is not supported; supported: {', '.join(known)}"
        )
    found: dict[str, Any] = json.loads(config.to_json_string(use_diff=False))
    return found


def _config(settings: Mapping[str, Any]) -> Any:
    kind = settings["model_type"]
    own = {key: value for key, value in settings.items() if key not in ("model_type", "image_mean", "image_std")}
    return transformers.AutoConfig.for_model(kind, **own)


def _class(known: Mapping[str, str], settings: Mapping[str, Any]) -> Any:
    return getattr(transformers, known[settings["model_type"]])


def _where(name: str) -> str:
    if Path(name).is_dir():
        check_folder(Path(name), (".json", ".safetensors"), error=ConfigError, remedy="copy the encoder again")
    return ON_HUB.get(name, name)


def _json(name: str, file: str) -> dict[str, Any]:
    """Return the content of a small file next to the weights; empty if there is none."""
    path = Path(_where(name)) / file
    try:
        found = path if path.is_file() else transformers.utils.cached_file(_where(name), file)
        return read_json_object(Path(found), error=ConfigError, remedy="download the encoder again")
    except (OSError, ValueError, TypeError):  # a ConfigError is a ValueError
        return {}


def _not_here(name: str, error: Exception) -> ConfigError:
    hub = _where(name)
    return ConfigError(
        f"encoder {name!r}: its files are not on this machine and could not be downloaded ({first_line(error)}); "
        f"with network access: hf download {hub} --local-dir FOLDER, then give FOLDER in place of the name; or choose "
        f"{SMALL!r}, which is trained from scratch"
    )
