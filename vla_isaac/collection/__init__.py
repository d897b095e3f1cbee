"""Collection of demonstrations and transitions with the scripted expert, and recording of runs."""
