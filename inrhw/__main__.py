"""`python -m inrhw` is `inrhw`."""

from inrhw.cli.app import main

if __name__ == "__main__":
    main()
