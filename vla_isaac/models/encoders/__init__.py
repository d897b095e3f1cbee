"""Picture and sentence encoders by name: small ones trained from scratch, and pretrained ones."""
