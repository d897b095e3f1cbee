"""Names of what goes into a network and comes out of it, the same for torch, for ONNX and for who runs it."""

IMAGE, HEAT = "image_", "heat_"
"""Begin the names of a camera's pictures, and of the output that says which places of them counted."""

MEMORY, HANDED_ON = "memory", "next_memory"
"""Input and output of networks that hand numbers on to their next decision; zeros when an episode begins."""

READ, IS_WORD = "read_words", "read_is_word"
"""What a sentence becomes when it is read once: words as vectors, and 1 where they are words, float32."""
