"""The command line: ``vla-isaac COMMAND``."""
