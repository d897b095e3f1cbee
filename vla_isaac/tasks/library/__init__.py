"""The task families; every file here is found by `tasks.families`."""
