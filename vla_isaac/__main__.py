"""``python -m vla_isaac COMMAND`` and ``vla-isaac COMMAND``: signals are handled before anything large is imported."""

try:
    from vla_isaac.cli.process import exit_code, finish, prepare
except KeyboardInterrupt:
    raise SystemExit(130) from None


def run() -> int:
    """Run the command line of this process and return its exit code."""
    try:
        prepare()
        from vla_isaac.cli.main import main

        return main()
    except KeyboardInterrupt as stop:  # before or after the command itself
        return exit_code(stop)
    finally:
        finish()


if __name__ == "__main__":
    raise SystemExit(run())
