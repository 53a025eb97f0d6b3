"""Measures the throughput, memory and latency of a mail worker.

    python -m benchmarks.mail_throughput [NUMBER OF MESSAGES …]

The database is an embedded PostgreSQL of its own with its usual durability, the mail server
aiosmtpd in a process of its own, the worker `blog worker` in another.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
from sqlalchemy import text

from blog import create_app
from blog.cli.deploy import migrate
from blog.core.db.embedded import EmbeddedPostgres
from blog.core.jobs.background import Background
from blog.core.jobs.listener import Listener
from blog.core.web.app import Broadside
from blog.mail import outbox, queue
from blog.mail.worker import MailWorker
from settings import Settings
from tests.mail.crashes import MailServer
from tests.mail.smtp import Inbox, receiving
from tests.servers import Program, settings_of

SIZES = [1_000, 10_000, 100_000]
NOTICES = 100
LINK = "https://blog.example.com/auth/confirm/" + "x" * 120
COPIES = text(
    "INSERT INTO emails (message_id, purpose, recipient, subject, text, html, state, attempts)"
    " SELECT gen_random_uuid(), purpose, 'anna' || n || '@example.com', subject, text, html,"
    " 'queued', 0 FROM emails, generate_series(1, :number) AS n"
)


async def put_one(app: Broadside, address: str) -> None:
    """Write one message and commit."""
    async with app.app_context(), app.database.session() as session:
        user = SimpleNamespace(username="anna")
        await outbox.put(session, to=address, message="confirm", user=user, link=LINK)
        await session.commit()


async def fill(app: Broadside, number: int) -> None:
    """Put so many messages into an empty outbox, the text and HTML of each as in earnest."""
    async with app.database.engine.begin() as connection:
        await connection.execute(text("TRUNCATE emails"))
    await put_one(app, "first@example.com")
    async with app.database.engine.begin() as connection:
        await connection.execute(COPIES, {"number": number - 1})
    async with app.database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE emails"))


async def measure_throughput(app: Broadside, folder: Path, url: str, number: int) -> None:
    """Print how long one worker takes for so many messages."""
    await fill(app, number)
    server = MailServer(folder / f"arrived-{number}")
    await server.start()
    environment = settings_of(
        folder, env="production", base_url="https://blog.example.com", database_url=url,
        mail_server="127.0.0.1", mail_port=server.port,
    )  # fmt: skip
    worker = await Program.start("blog", "worker", environment=environment)
    try:
        await worker.printed("Sending mail")
        start, highest = time.perf_counter(), 0.0
        process = psutil.Process(worker.pid)
        first = process.memory_info().rss / 2**20
        while await queue.seconds_until_next(app.database) is not None:
            highest = max(highest, process.memory_info().rss / 2**20)
            await asyncio.sleep(0.1)
        seconds = time.perf_counter() - start
        assert await worker.stop() == 0
    finally:
        await worker.kill()
        await server.kill()
    assert server.number() == number
    print(
        f"{number:>7,} messages: {number / seconds:5.0f} a second; "
        f"memory {first:.0f} MiB at the start, {highest:.0f} MiB at most"
    )


async def measure_waking(app: Broadside, url: str) -> None:
    """Print how long it takes from a commit until the mail server has the message."""
    await fill(app, 1)
    delays = []
    async with receiving(Inbox()) as inbox:
        settings = Settings(
            _env_file=None,
            env="testing",
            database_url=url,
            mail_server="127.0.0.1",
            mail_port=inbox.port,
        )
        background = Background(Listener(app.database), [MailWorker(app.database, settings)])
        await background.start()
        await inbox.holds(1)
        for number in range(NOTICES):
            await asyncio.sleep(0.02)
            await put_one(app, f"anna{number}@example.com")
            start = time.perf_counter()
            await inbox.holds(number + 2)
            delays.append(1000 * (time.perf_counter() - start))
        await background.stop()
    delays.sort()
    print(
        f"from a commit to the mail server: median {delays[NOTICES // 2]:.0f} ms, "
        f"95 % within {delays[NOTICES * 95 // 100]:.0f} ms, longest {delays[-1]:.0f} ms"
    )


async def main() -> None:
    """Measure, in a folder that is gone afterwards."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with EmbeddedPostgres(folder / "postgres") as server:
            url = server.start()
            settings = Settings(_env_file=None, env="testing", database_url=url)
            app = create_app(settings)
            await app.database.open()
            await migrate(app.database)
            await measure_waking(app, url)
            for size in sizes:
                await measure_throughput(app, folder, url, size)
            await app.database.close()


if __name__ == "__main__":
    asyncio.run(main())
