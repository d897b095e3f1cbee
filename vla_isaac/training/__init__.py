"""Training of all models on all dataset formats, and DAgger rounds of expert corrections."""
