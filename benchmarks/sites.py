"""Two sites for comparison, one with a hundred times as many posts."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from benchmarks.visitors import PASSWORD
from blog.cli.deploy import migrate
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.db.database import Database
from blog.demo.history import Sizes
from blog.demo.loading import is_loaded, load
from blog.demo.people import CAST

SMALL = Sizes(users=2_000, posts=10_000, comments=20_000, follows=40_000)
LARGE = Sizes(users=100_000, posts=1_000_000, comments=2_000_000, follows=2_000_000)
# The demonstration has no likes of comments. Here the cast likes every second one on the post that
# is discussed most.
LIKES_OF_COMMENTS = """
    INSERT INTO comment_likes (user_id, comment_id)
    SELECT users.id, comments.id FROM comments CROSS JOIN users
    WHERE post_id = (SELECT id FROM posts ORDER BY comment_count DESC, id LIMIT 1)
        AND comments.id % 2 = 0 AND email = ANY (:cast)
    ORDER BY 1, 2
"""


@asynccontextmanager
async def opened_site(var_dir: Path, sizes: Sizes) -> AsyncIterator[Database]:
    """The embedded database of a site of these sizes, which is loaded if it is not there.

    Its people log in with `PASSWORD`.
    """
    database = Database(None, var_dir / "postgres")
    await database.open()
    try:
        await fill(database, sizes)
        yield database
    finally:
        await database.close()


async def fill(database: Database, sizes: Sizes) -> None:
    """Migrate an open database, and load a site of these sizes if there is none."""
    await migrate(database)
    async with database.engine.connect() as connection:
        if await is_loaded(connection):
            return
    start = time.perf_counter()
    password_hash = await Passwords().hash(PASSWORD)
    await load(database, sizes, seed=1, password_hash=password_hash, until=now())
    async with database.engine.begin() as connection:
        likes = text(LIKES_OF_COMMENTS)
        await connection.execute(likes, {"cast": [person.email for person in CAST]})
    print(f"{sizes.posts:,} posts loaded in {time.perf_counter() - start:.0f} s", flush=True)
