"""Import of the transformers library with its telemetry turned off; all files that use it import it from here."""

from __future__ import annotations

from vla_isaac.core.telemetry import turn_off_telemetry

turn_off_telemetry("transformers")

import transformers  # noqa: E402
from transformers import PreTrainedConfig, PreTrainedModel  # noqa: E402
from transformers.utils import logging as transformers_logging  # noqa: E402

__all__ = ["PreTrainedConfig", "PreTrainedModel", "transformers", "transformers_logging"]
