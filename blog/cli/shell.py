"""`blog shell`."""

import ast
import asyncio
import code
import inspect
import signal
import sys
import traceback
from contextlib import AsyncExitStack, suppress
from types import CodeType, FunctionType
from typing import Any

import click
import uvloop
from sqlalchemy import func, select

from blog import models
from blog.cli.running import one_line_errors, open_app

SCRIPT = "<stdin>"
BANNER = f"""\
Python with app, session, select, func and the models
{", ".join(models.__all__)}.
Top-level await works. Nothing is stored before await session.commit()."""


@click.command()
def shell() -> None:
    """Run Python with the database and the models.

    At a terminal it is interactive; otherwise it runs its standard input, such as

    \b
    echo 'print(await session.scalar(select(func.count(User.id))))' | blog shell
    """
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        # If they were handled like Ctrl-C, they would only clear the line.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with one_line_errors(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        opened = AsyncExitStack()
        names = runner.run(_open(opened))
        try:
            if sys.stdin.isatty():
                _run_interactively(runner, names)
            else:
                _run_script(runner, names, sys.stdin.read())
        finally:
            runner.run(opened.aclose())


async def _open(opened: AsyncExitStack) -> dict[str, Any]:
    """Open the site in an exit stack, and return the names for the shell."""
    app = await opened.enter_async_context(open_app())
    session = await opened.enter_async_context(app.database.session())
    names = {"app": app, "session": session, "select": select, "func": func}
    return names | {name: getattr(models, name) for name in models.__all__}


async def _evaluate(statement: CodeType, names: dict[str, Any]) -> None:
    """Run compiled code, which is a coroutine if it contains `await`."""
    result = FunctionType(statement, names)()
    if inspect.iscoroutine(result):
        await result


def _run_script(runner: asyncio.Runner, names: dict[str, Any], source: str) -> None:
    """Run a script; on an error, print its traceback without our frames, and exit with code 1."""
    try:
        script = compile(source, SCRIPT, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        runner.run(_evaluate(script, names))
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != SCRIPT:
            trace = trace.tb_next
        traceback.print_exception(error.with_traceback(trace))
        raise SystemExit(1) from None


def _run_interactively(runner: asyncio.Runner, names: dict[str, Any]) -> None:
    with suppress(ImportError):  # Not in every build of Python.
        import readline  # noqa: PLC0415
        import rlcompleter  # noqa: PLC0415

        readline.set_completer(rlcompleter.Completer(names).complete)
        readline.parse_and_bind("tab: complete")
    Console(runner, names).interact(BANNER, "")


class Console(code.InteractiveConsole):
    """An interactive console that runs statements in an event loop, which pauses between them.

    Ctrl-C cancels a statement, or clears the line.
    """

    def __init__(self, runner: asyncio.Runner, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._runner = runner
        self._names = names

    def runcode(self, code: CodeType) -> None:
        try:
            self._runner.run(_evaluate(code, self._names))
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            self.showtraceback()
