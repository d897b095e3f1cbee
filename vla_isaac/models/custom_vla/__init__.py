"""`custom_vla`: encoders of the CLIP family, cross-attention, an embedding of the task; one's own data in a few lines."""
