"""`blog profile`."""

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import LoginSession, User
from tests.cli.conftest import Command


async def test_the_report_is_a_page_and_nothing_is_left_of_the_visit(
    blog: Command, susan: User, db: AsyncSession, tmp_path: Path
) -> None:
    code, output = await blog(
        "profile", "/", "/auth/sessions", "/nowhere", "--user", "susan", "--requests", "3",
        "--output", "report.html",
    )  # fmt: skip
    assert code == 0, output
    # The log, which goes to standard error, tells that the visit's session has ended; on a slow
    # machine pyinstrument says there that reading the clock takes long.
    before, _, rest = output.partition(f"account {susan.id} logged out\n")
    assert "Traceback" not in before
    lines = rest.splitlines()
    expected = {"/": 200, "/auth/sessions": 200, "/nowhere": 404}
    for line, (path, status) in zip(lines, expected.items(), strict=False):
        assert line.startswith(f"{path}: 3 times status {status}, ")
    assert "The slowest functions, in seconds:" in lines
    assert lines[-1] == "The full report is in report.html"
    assert "<!DOCTYPE html>" in (tmp_path / "report.html").read_text()
    assert await db.scalar(select(func.count()).select_from(LoginSession)) == 0


async def test_a_stranger_asks_for_the_home_page_by_default(blog: Command) -> None:
    code, output = await blog("profile", "--requests", "1")
    assert code == 0
    assert "/: 1 times status 200, " in output
    answer = await blog("profile", "--user", "nobody")
    assert answer == (1, "Error: there's no user nobody\n")
