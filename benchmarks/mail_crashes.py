"""Checks that no mail is lost when workers are killed and the mail server restarts.

    python -m benchmarks.mail_crashes [MESSAGES [KILLS [OUTAGES]]]

The database is an embedded PostgreSQL of its own with its usual durability.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import func, select

from blog import create_app
from blog.cli.deploy import migrate
from blog.core.db.embedded import EmbeddedPostgres
from blog.mail import outbox
from blog.models import Email, EmailState
from settings import Settings
from tests.mail.crashes import run_with_crashes

LINK = "https://blog.example.com/auth/confirm/token"


async def main(messages: int = 1000, kills: int = 20, outages: int = 4) -> None:
    """Run it once, and print what came of it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with EmbeddedPostgres(folder / "postgres") as server:
            url = server.start()
            app = create_app(Settings(_env_file=None, env="testing", database_url=url))
            await app.database.open()
            await migrate(app.database)

            async def write(address: str, commit: bool) -> None:
                async with app.app_context(), app.database.session() as session:
                    user = SimpleNamespace(username="anna")
                    await outbox.put(session, to=address, message="confirm", user=user, link=LINK)
                    await (session.commit() if commit else session.rollback())

            async def all_sent() -> None:
                waiting = select(func.count()).where(Email.state != EmailState.SENT)
                async with app.database.session() as session, asyncio.timeout(120):
                    while await session.scalar(waiting):
                        await session.rollback()
                        await asyncio.sleep(0.1)

            figures = await run_with_crashes(
                folder, url, write, all_sent, messages=messages, kills=kills, outages=outages
            )
            await app.database.close()
    print(
        f"{messages:,} messages, {kills} workers killed, {outages} outages, "
        f"{figures.seconds:.0f} s: {len(figures.lost)} lost, {len(figures.unwanted)} of a "
        f"transaction that was rolled back, {figures.twice} twice, "
        f"{len(figures.strangers)} of them under another Message-ID"
    )


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
