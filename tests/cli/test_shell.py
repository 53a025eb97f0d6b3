"""`blog shell`, at a terminal and in a pipe."""

import asyncio
import os
import pty
import re
import signal
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import User
from tests.cli.conftest import Command
from tests.servers import PROGRAMS, settings_of

# What is typed before it is shown may get lost.
PROMPT = b">>> "


async def test_a_script_awaits_where_it_likes_and_stores_what_it_commits(
    blog: Command, susan: User, db: AsyncSession
) -> None:
    script = """
people = await session.scalars(select(User).order_by(User.id))
for person in people:
    person.location = "Oslo"
    print(person.username, await session.scalar(select(func.count(Post.id))), app.settings.env)
await session.commit()
"""
    assert await blog("shell", typed=script, env="testing") == (0, "susan 0 testing\n")
    assert await db.scalar(select(User.location)) == "Oslo"


async def test_an_error_in_a_script_has_pythons_traceback(blog: Command) -> None:
    wrong, broken, left = await asyncio.gather(
        blog("shell", typed="\n1 / 0"), blog("shell", typed="1 +"), blog("shell", typed="exit(3)")
    )
    trace = 'Traceback (most recent call last):\n  File "<stdin>", line 2, in <module>\n'
    assert wrong == (1, trace + "ZeroDivisionError: division by zero\n")
    assert (broken[0], broken[1].splitlines()[-1]) == (1, "SyntaxError: invalid syntax")
    assert left == (3, "")


async def test_at_a_terminal_ctrl_c_cancels_a_statement_and_the_next_one_runs(
    app: Broadside, susan: User, database_url: str, tmp_path: Path
) -> None:
    environment = settings_of(tmp_path, database_url=database_url) | {"TERM": "dumb"}
    master, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "blog", "shell", env=environment, cwd=tmp_path,
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)

    async def shown(*expected: bytes) -> bytes:
        """Wait until all this has come, one after the other."""
        pattern, output = re.compile(b".*".join(map(re.escape, expected)), re.DOTALL), b""
        async with asyncio.timeout(60):
            while not pattern.search(output):
                output += await asyncio.to_thread(os.read, master, 1000)
        return output

    async def typed(line: str, *expected: bytes) -> bytes:
        os.write(master, line.encode() + b"\n")
        return await shown(*expected)

    try:
        await shown(b"the models", PROMPT)
        await typed("(await session.scalars(select(User))).one().username", b"'susan'", PROMPT)
        await typed("1 / 0", b"ZeroDivisionError", PROMPT)
        await typed("import asyncio; print('I', 'wait'); await asyncio.sleep(3600)", b"I wait")
        process.send_signal(signal.SIGINT)
        await shown(b"KeyboardInterrupt", PROMPT)
        await typed("40 + 2", b"42", PROMPT)
        os.write(master, b"\x04")
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        os.close(master)
