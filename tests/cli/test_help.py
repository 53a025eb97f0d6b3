"""The help of every command."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from blog.cli import main
from tests.servers import run


def contexts(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """A command and all below it, each with its full name."""
    context = click.Context(command, parent, command.name, terminal_width=80)
    yield context
    for below in getattr(command, "commands", {}).values():
        yield from contexts(below, context)


COMMANDS = list(contexts(main))


@pytest.mark.parametrize("context", COMMANDS, ids=lambda context: context.command_path)
def test_each_command_and_each_option_says_what_it_is_for(context: click.Context) -> None:
    command = context.command
    assert command.help
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.opts for option in options if not option.help] == []
    lines = context.get_help().splitlines()
    assert [line for line in lines[1:] if line.endswith("...")] == [], "a line is cut off"


async def test_python_can_run_the_package(tmp_path: Path) -> None:
    code, output = await run(tmp_path, "python", "-m", "blog", "user", "--help")
    assert code == 0
    assert output.startswith("Usage: python -m blog user [OPTIONS] COMMAND [ARGS]...")
    code, output = await run(tmp_path, "python", "-m", "blog", "nonsense")
    assert (code, output.splitlines()[-1]) == (2, "Error: No such command 'nonsense'.")
