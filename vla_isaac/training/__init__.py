"""Training of any of our models on any of our datasets, and corrections by the expert of what a policy does."""
