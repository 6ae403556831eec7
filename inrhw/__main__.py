"""`python -m inrhw` is `inrhw`."""

from inrhw.cli import main

if __name__ == "__main__":
    main()
