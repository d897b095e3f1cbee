"""Cameras as policies see them: checked, cropped, resized, fresh."""
