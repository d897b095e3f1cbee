"""``python -m vla_isaac COMMAND``: the command line where no console script is installed, as in Isaac's Python."""

from vla_isaac.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
