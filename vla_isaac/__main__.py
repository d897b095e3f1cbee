"""``python -m vla_isaac COMMAND``: the command line where no console script is installed, as in Isaac's Python."""

INTERRUPTED = 130

if __name__ == "__main__":
    try:
        from vla_isaac.cli.main import main

        code = main()
    except KeyboardInterrupt:  # before the command itself could take notice of it
        code = INTERRUPTED
    raise SystemExit(code)
