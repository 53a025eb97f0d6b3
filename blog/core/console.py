"""Telling something to whoever sits at the terminal, if anybody does."""

import os
import sys

import click


def say(text: str = "") -> None:
    """Print a line that nothing depends on.

    If nobody can read it, because the pipe is closed or the disk is full, the process goes on, and
    whatever else it prints there goes nowhere.
    """
    try:
        click.echo(text)
    except OSError:
        with open(os.devnull, "w") as nothing:  # noqa: PTH123
            # What is still in the buffer would fail at the end of the process.
            os.dup2(nothing.fileno(), sys.stdout.fileno())
