"""Storing the demonstration by COPY, in one transaction: all of it is there, or nothing."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from asyncpg.exceptions import UniqueViolationError  # type: ignore[import-untyped]
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.core.db.database import Database
from blog.demo import rows
from blog.demo.history import Sizes
from blog.demo.people import DOMAIN
from blog.models import CommentBlock, PostDay, Role, User, UserBlock

CHUNK = 20_000
# Any number will do, so long as every loader takes the same.
LOADING_LOCK = 0x64656D6F

Progress = Callable[[int], None]


class DemonstrationError(Exception):
    """The demonstration cannot be loaded; the message is one line that says why."""


async def is_loaded(connection: AsyncConnection) -> bool:
    """Whether there are people of a demonstration."""
    theirs = User.email.endswith(f"@{DOMAIN}", autoescape=True)
    return await connection.scalar(select(User.id).where(theirs).limit(1)) is not None


async def load(
    database: Database, sizes: Sizes, *, seed: int, password_hash: str, until: datetime,
    progress: Progress = lambda rows: None,
) -> None:  # fmt: skip
    """Fill the database with the demonstration.

    It may be in use meanwhile: others see nothing of it before the end. The same seed and
    sizes give the same people, texts and deeds, as long before `until`.

    Args:
        database: an open database with the newest schema.
        sizes: how much there shall be of everything.
        seed: of all that is left to chance.
        password_hash: of the password of all these people. There is one for all, because a
            hash is made to be expensive: 100,000 of them would take an hour.
        until: the end of what happens, usually now.
        progress: is told each time how many rows more are stored, `sizes.rows` in all.

    Raises:
        DemonstrationError: there is one already, or it is being loaded at this moment, or
            somebody registered under a name that was free when this began.
    """
    demonstration = rows.Demonstration(sizes, seed, until)
    try:
        async with database.engine.begin() as connection:
            if not await connection.scalar(select(func.pg_try_advisory_xact_lock(LOADING_LOCK))):
                raise DemonstrationError("a demonstration is being loaded at this moment")
            if await is_loaded(connection):
                raise DemonstrationError("there is a demonstration already")
            await _store(connection, demonstration, sizes, password_hash, progress)
    except UniqueViolationError as error:
        raise DemonstrationError(f"a name was taken meanwhile, try again: {error.detail}") from None
    async with database.engine.connect() as connection:
        # The server would do this by itself a little later. Until then pages were slow: nothing
        # is known of the tables, and whether a row is visible is found out row by row.
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        tables = "users, follows, posts, comments, user_blocks, post_days, comment_blocks"
        await connection.execute(text(f"VACUUM (ANALYZE) {tables}"))


async def _store(
    connection: AsyncConnection, demonstration: rows.Demonstration, sizes: Sizes,
    password_hash: str, progress: Progress,
) -> None:  # fmt: skip
    counted_by_triggers = not await _triggers_switched_off(connection)
    if counted_by_triggers:
        demonstration.history.forget_counts()
    roles = {role.name: role.id for role in await connection.execute(select(Role.name, Role.id))}
    taken = set(await connection.scalars(select(func.lower(User.username))))
    people = await _reserve_ids(connection, "users", sizes.users)
    posts = await _reserve_ids(connection, "posts", sizes.posts)
    comments = await _reserve_ids(connection, "comments", sizes.comments)
    for table, columns, records in (
        ("users", rows.USER_COLUMNS, demonstration.people(people, roles, taken, password_hash)),
        ("follows", rows.FOLLOW_COLUMNS, demonstration.follows(people)),
        ("posts", rows.POST_COLUMNS, demonstration.posts(people, posts)),
        ("comments", rows.COMMENT_COLUMNS, demonstration.comments(people, posts, comments)),
    ):
        await _copy(connection, table, columns, records, progress)
    if not counted_by_triggers:
        await _count(connection, UserBlock, (row_id // UserBlock.SIZE for row_id in people))
        await _count(connection, PostDay, demonstration.days_of_posts())
        blocks = (row_id // CommentBlock.SIZE for row_id in comments)
        await _count(connection, CommentBlock, blocks)


async def _triggers_switched_off(connection: AsyncConnection) -> bool:
    """Have no triggers run in this transaction, if that is allowed.

    The counts are known beforehand. With triggers that count, each post is stored anew for
    every few comments: that takes four times as long, and leaves the table twice as large.
    Foreign keys are triggers too; here all rows come from one hand.

    Returns:
        Whether they are off. The user of the embedded server may do this; one who is no
        superuser has to be granted it (PostgreSQL, "GRANT", ON PARAMETER).
    """
    allowed = func.has_parameter_privilege("session_replication_role", "SET")
    if not await connection.scalar(select(allowed)):
        return False
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    return True


async def _reserve_ids(connection: AsyncConnection, table: str, number: int) -> Sequence[int]:
    """Ids that nobody else gets, whoever writes at the same time, in ascending order."""
    ids = array("q")
    sequence = func.pg_get_serial_sequence(table, "id")
    statement = select(func.nextval(sequence)).select_from(func.generate_series(1, number))
    async with connection.stream_scalars(statement) as reserved:
        async for chunk in reserved.partitions(CHUNK):
            ids.extend(chunk)
    return ids


async def _copy(
    connection: AsyncConnection, table: str, columns: Sequence[str], records: Iterable[rows.Row],
    progress: Progress,
) -> None:  # fmt: skip
    """Send rows as they are made, never holding more of them than a buffer.

    The transaction was begun by the statements before, through SQLAlchemy; what is done
    here on the driver's own connection belongs to it.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    records = iter(records)
    copied = CHUNK
    while copied == CHUNK:
        answer = await driver.copy_records_to_table(
            table, columns=columns, records=islice(records, CHUNK)
        )
        copied = int(answer.removeprefix("COPY "))
        progress(copied)


async def _count(connection: AsyncConnection, table: Any, parts: Iterable[Any]) -> None:
    """Count rows in their days or blocks, as the triggers would have done.

    This comes last, and in the triggers' order: until the end of the transaction nobody else
    can write a row of one of these parts.
    """
    counts = [{table.key: part, "visible": size} for part, size in sorted(Counter(parts).items())]
    statement = insert(table)
    visible = table.visible + statement.excluded.visible
    adding = statement.on_conflict_do_update(index_elements=[table.key], set_={"visible": visible})
    if counts:
        await connection.execute(adding, counts)
