"""`python -m inrhw` is `inrhw`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C is one sentence even while it is loaded."""
    try:
        from inrhw.cli.app import main as run  # noqa: PLC0415
    except KeyboardInterrupt:
        print("inrhw: interrupted; nothing was begun", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
