"""Libraries with telemetry on by default, and the environment variables that turn it off.

Such a variable is read once, when the library is imported, so it is set right before: every import of a library named
here goes through `core.optional.require` or through a module that calls `turn_off_telemetry` first.
docs/network.md says what each library does and how that was measured.
"""

from __future__ import annotations

import os

_HUB = {
    "HF_HUB_DISABLE_TELEMETRY": "1",  # source: huggingface_hub 2.4.0, constants.py: versions and callers in the user agent
    "DISABLE_SAFETENSORS_CONVERSION": "1",  # source: transformers 5.23.0, modeling_utils.py: asks a bot for a pull request
}

OFF: dict[str, dict[str, str]] = {
    "onnxruntime": {"ORT_DISABLE_TELEMETRY": "1"},  # source: microsoft/onnxruntime#27379, in releases from 1.29
    "transformers": _HUB,
    "accelerate": _HUB,
    "tokenizers": _HUB,
    "huggingface_hub": _HUB,
    "ray": {"RAY_USAGE_STATS_ENABLED": "0"},  # source: ray 2.60.0, _common/usage/usage_lib.py
}
"""Import name → the variables and the values that turn its telemetry off."""


def turn_off_telemetry(module: str) -> None:
    """Set the variables that turn a library's telemetry off; call it before the library is imported.

    What the user has set stays as it is: ``ORT_DISABLE_TELEMETRY=0`` leaves the telemetry of onnxruntime on, as the
    library itself would. Only an empty value counts as not set. Processes started later inherit the variables.

    If the library is imported already, for example by Kit or by a program that uses this package, this has no effect in
    that process: onnxruntime 1.32 writes its device id while it is imported and looks up its host about 9 s
    later, and neither the variable nor ``onnxruntime.disable_telemetry_events()`` stops that any more. The variable
    then affects child processes only. Set it in the environment of the whole program instead.

    Args:
        module: Import name of the library; any other name changes nothing.
    """
    for name, value in OFF.get(module, {}).items():
        if not os.environ.get(name):
            os.environ[name] = value
