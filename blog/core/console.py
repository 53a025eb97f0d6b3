"""Output to a terminal that may be gone."""

import os
import sys

import click


def say(text: str = "") -> None:
    """Print an informational line.

    If it cannot be written, because the pipe is closed or the disk is full, the process continues,
    and further output is discarded.
    """
    try:
        click.echo(text)
    except OSError:
        with open(os.devnull, "w") as nothing:  # noqa: PTH123
            # Flushing the buffer at exit would fail.
            os.dup2(nothing.fileno(), sys.stdout.fileno())
