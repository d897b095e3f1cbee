"""Names of the inputs and outputs of networks, the same for torch, for ONNX and for what runs them."""

IMAGE, HEAT = "image_", "heat_"
"""Begin the names of a camera's pictures, and of the output that says which places of them counted."""

MEMORY, NEXT_MEMORY = "memory", "next_memory"
"""Input and output of networks that hand numbers on to their next decision; zeros when an episode begins."""

READ, IS_WORD = "read_words", "read_is_word"
"""What a sentence becomes when it is read once: words as vectors, and 1 where they are words, float32."""

TASK_ID, SKILL = "task_id", "skill"
"""Inputs that choose a head or a skill for each sample, int64 (B,); without them the network chooses."""
