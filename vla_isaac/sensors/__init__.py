"""Camera images for policies: checked, cropped, resized, never stale."""
