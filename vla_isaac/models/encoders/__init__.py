"""Encoders of pictures and of sentences by name: small ones that are trained here, and pretrained ones."""
