"""Names of network inputs and outputs, shared by torch, ONNX and the inference code."""

IMAGE, HEAT = "image_", "heat_"
"""Prefixes of the names of a camera's pictures and of its attention map."""

MEMORY, NEXT_MEMORY = "memory", "next_memory"
"""Input and output of networks with state between decisions; zeros when an episode begins."""

READ, IS_WORD = "read_words", "read_is_word"
"""Inputs for a sentence that is encoded once: word vectors, and 1 where they are words, float32."""

TASK_ID, SKILL = "task_id", "skill"
"""Inputs that select a head or a skill for each sample, int64 (B,); without them the network chooses."""

GOALS, SEEN = "goals", "seen_"
"""Input for the goals of the instruction, int64 (B, G, W), see `models.goal_query`; prefix of what the grounding needs:
presence, place, colour and shape of each detection."""
