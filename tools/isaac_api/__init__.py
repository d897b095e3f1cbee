"""The static check of our Isaac Sim calls against the recorded API of each release."""
