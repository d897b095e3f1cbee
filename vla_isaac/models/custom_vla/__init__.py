"""`custom_vla`: encoders of the CLIP family, cross-attention and a task embedding; for your own data."""
