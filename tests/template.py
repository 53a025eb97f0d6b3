"""The data of an embedded server with the newest schema, made once in a run and then copied.

To make it takes seconds of processor time, most of them for the migrations; to copy it takes a
tenth of a second. Tests of the first start and of the migrations begin with nothing.
"""

import asyncio
import fcntl
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from blog.cli.deploy import migrate
from blog.core.db.database import Database
from blog.core.db.embedded import EmbeddedPostgres

FAST_SERVER = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# A database beside the site's own, which nobody connects to: `CREATE DATABASE` copies it.
MIGRATED = "template_migrated"


def copy_data(var_dir: Path) -> None:
    """Put the data of a site without people and posts into `var_dir`, where no server has any yet.

    Blocks, the first time in a run for seconds.
    """
    template = _template()
    var_dir.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", template, var_dir / "postgres"], check=True)


def _template() -> Path:
    """The folder to copy, which all processes of a run share."""
    place = Path(os.environ["PYTEST_DEBUG_TEMPROOT"]) / "template"
    place.mkdir(exist_ok=True)
    folder = place / "postgres"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            draft = place / "draft"
            with EmbeddedPostgres(draft, FAST_SERVER) as server, ThreadPoolExecutor(1) as pool:
                # A thread has no event loop yet.
                pool.submit(asyncio.run, _fill(server.start())).result()
            draft.rename(folder)
    return folder


async def _fill(url: str) -> None:
    database = Database(url, Path())
    await database.open()
    await migrate(database)
    await database.close()
    # Its own database cannot be copied through a connection to it.
    other = make_url(url).set(database="template1")
    engine = create_async_engine(other, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {MIGRATED} TEMPLATE postgres"))
        await connection.execute(text("CHECKPOINT"))
    await engine.dispose()
