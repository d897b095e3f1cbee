"""The Isaac Sim backend: being built; today it can tell which of Isaac's programming interfaces a process offers."""
