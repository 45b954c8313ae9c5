"""Runs the command line as `python -m opsledger`."""

from opsledger.cli import main

if __name__ == "__main__":
    main()
