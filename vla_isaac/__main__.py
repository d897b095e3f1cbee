"""``python -m vla_isaac COMMAND`` and ``vla-isaac COMMAND``: signals are handled before anything large is imported."""

from __future__ import annotations

from vla_isaac.cli.process import exit_code, finish, prepare


def run() -> int:
    """Run the command line of this process and return its exit code."""
    prepare()
    try:
        from vla_isaac.cli.main import main

        return main()
    except KeyboardInterrupt as stop:  # before or after the command itself
        return exit_code(stop)
    finally:
        finish()


if __name__ == "__main__":
    raise SystemExit(run())
