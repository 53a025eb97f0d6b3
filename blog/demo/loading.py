"""Loading the demo data by COPY, in a single transaction."""

from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from asyncpg.exceptions import UniqueViolationError
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from blog.core.db.database import Database
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.core.storage.interface import Storage
from blog.demo import rows
from blog.demo.figures import DemonstrationFigures
from blog.demo.history import Sizes
from blog.demo.notifications import notify
from blog.demo.people import DOMAIN
from blog.demo.pictures import Picture
from blog.media.sizes import variant_key
from blog.models import (
    CommentRange,
    DailyFigure,
    HeldItem,
    MediaFile,
    MediaState,
    MonthlyActivity,
    PostDay,
    PostViews,
    Role,
    RouteDay,
    User,
    UserRange,
)
from blog.posts.counts import OF_TAGS, repair_of
from blog.posts.fields import tag_ids
from blog.search.indexing import COMMENTS, POSTS, index_loaded

CHUNK = 20_000
# An arbitrary key, shared by all loaders.
LOADING_LOCK = 0x64656D6F

Progress = Callable[[int], None]


class DemonstrationError(Exception):
    """The demo data can't be loaded; the message is one line."""


async def is_loaded(connection: AsyncConnection) -> bool:
    """Whether demo data has been loaded."""
    theirs = User.email.endswith(f"@{DOMAIN}", autoescape=True)
    return await connection.scalar(select(User.id).where(theirs).limit(1)) is not None


async def load(
    database: Database, sizes: Sizes, *, seed: int, password_hash: str, until: datetime,
    pictures: Sequence[Picture] = (), progress: Progress = lambda rows: None,
) -> None:  # fmt: skip
    """Load demo data into the database.

    The site may be running; the data becomes visible at the end. The same seed and sizes give the
    same users, texts and actions, at the same distance from `until`.

    Args:
        database: an open database with the current schema.
        sizes: the number of rows.
        seed: the random seed.
        password_hash: the hash of the password of all users. They share it, because hashing is
            expensive: 100,000 hashes would take an hour.
        until: the end of the history, usually now.
        pictures: the pictures of covers and figures, whose files are stored (`store_files`).
        progress: called with the number of rows after each chunk, `sizes.rows` in total.

    Raises:
        DemonstrationError: demo data exists, or is being loaded, or a username was taken in the
            meantime.
    """
    demonstration = rows.Demonstration(sizes, seed, until, pictures)
    try:
        async with database.session() as session, session.begin():
            connection = await session.connection()
            if not await connection.scalar(select(func.pg_try_advisory_xact_lock(LOADING_LOCK))):
                raise DemonstrationError("the demo is being loaded by another process")
            if await is_loaded(connection):
                raise DemonstrationError("the demo is already loaded")
            await _add_files(connection, pictures)
            await _load_rows(connection, demonstration, sizes, password_hash, progress)
            await mark(session, SITE)
    except UniqueViolationError as error:
        raise DemonstrationError(
            f"a username was taken meanwhile, try again: {error.detail}"
        ) from None
    async with database.engine.connect() as connection:
        # Autovacuum would do this later. Until then, pages would be slow, without statistics or a
        # visibility map.
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        tables = (
            "users, follows, media, media_files, posts, post_search, post_media, post_tags, tags, "
            "post_likes, comments, comment_search, notifications, notification_items, user_ranges, "
            "post_days, comment_ranges, tag_ranges, daily_figures, monthly_activity, route_days"
        )
        await connection.execute(text(f"VACUUM (ANALYZE) {tables}"))


async def _load_rows(
    connection: AsyncConnection, demonstration: rows.Demonstration, sizes: Sizes,
    password_hash: str, progress: Progress,
) -> None:  # fmt: skip
    triggers_count = not await _disable_triggers(connection)
    if triggers_count:
        demonstration.history.reset_counts()
    roles = {role.name: role.id for role in await connection.execute(select(Role.name, Role.id))}
    taken = set(await connection.scalars(select(func.lower(User.username))))
    people = await _reserve_ids(connection, "users", sizes.users)
    posts = await _reserve_ids(connection, "posts", sizes.posts)
    comments = await _reserve_ids(connection, "comments", sizes.comments)
    tags = await tag_ids(AsyncSession(connection), demonstration.tags)
    drafts = await _reserve_ids(connection, "posts", min(rows.DRAFTS, sizes.users))
    media = await _reserve_ids(connection, "media", len(demonstration.owned))
    of_people = demonstration.people(people, roles, taken, password_hash)
    await copy_rows(connection, "users", rows.USER_COLUMNS, of_people, progress)
    # Before the posts, whose covers they are.
    images = demonstration.media(people, media)
    await copy_rows(connection, "media", rows.MEDIA_COLUMNS, images)
    for table, columns, records in (
        ("follows", rows.FOLLOW_COLUMNS, demonstration.follows(people)),
        ("posts", rows.POST_COLUMNS, demonstration.posts(people, posts, media)),
        ("comments", rows.COMMENT_COLUMNS, demonstration.comments(people, posts, comments)),
    ):
        await copy_rows(connection, table, columns, records, progress)
    of_drafts = demonstration.drafts(people, drafts)
    await copy_rows(connection, "posts", rows.POST_COLUMNS, of_drafts)
    if held := demonstration.held(people, posts):
        await connection.execute(insert(HeldItem), held)
    await copy_rows(connection, "post_likes", rows.LIKE_COLUMNS, demonstration.likes(people, posts))
    tagged = demonstration.post_tags(people, posts, tags)
    await copy_rows(connection, "post_tags", rows.POST_TAG_COLUMNS, tagged)
    await notify(AsyncSession(connection))
    await _add_figures(connection, demonstration.figures, posts)
    if not triggers_count:
        await index_loaded(AsyncSession(connection), POSTS, [*posts, *drafts])
        await index_loaded(AsyncSession(connection), COMMENTS, comments)
        shown = demonstration.post_media(posts, drafts)
        await copy_rows(connection, "post_media", rows.POST_MEDIA_COLUMNS, shown)
        await _add_counts(connection, UserRange, (row_id // UserRange.SIZE for row_id in people))
        await _add_counts(connection, PostDay, demonstration.days_of_posts())
        ranges = (row_id // CommentRange.SIZE for row_id in comments)
        await _add_counts(connection, CommentRange, ranges)
        for kept in OF_TAGS:
            await connection.execute(repair_of(kept))


async def _add_figures(
    connection: AsyncConnection, figures: DemonstrationFigures, posts: Sequence[int]
) -> None:
    """Add the figures of the days. Figures that the site has counted itself stay."""
    for table, of_table in (
        (DailyFigure, figures.daily()),
        (MonthlyActivity, figures.monthly()),
        (RouteDay, figures.routes()),
        (PostViews, figures.views(posts)),
    ):
        await connection.execute(insert(table).on_conflict_do_nothing(), list(of_table))


async def store_files(storage: Storage, pictures: Sequence[Picture]) -> None:
    """Store the files of pictures; files that exist are replaced by the same ones."""

    async def content(file: bytes) -> AsyncIterator[bytes]:
        yield file

    for picture in pictures:
        for size, file in zip(picture.variants, picture.files, strict=True):
            key = variant_key(picture.name, picture.generation, size.width)
            await storage.put(key, content(file))


async def _add_files(connection: AsyncConnection, pictures: Sequence[Picture]) -> None:
    """Add the rows of the files of pictures."""
    files = [
        {
            "name": picture.name,
            "generation": picture.generation,
            "kind": "webp",
            "state": MediaState.READY,
            "width": picture.variants[-1].width,
            "height": picture.variants[-1].height,
            "frames": 1,
            "colour": picture.colour,
            "variants": [list(size) for size in picture.variants],
            "variant_bytes": [len(file) for file in picture.files],
            "bytes": picture.bytes,
        }
        for picture in pictures
    ]
    if files:
        await connection.execute(insert(MediaFile).on_conflict_do_nothing(), files)


async def _disable_triggers(connection: AsyncConnection) -> bool:
    """Disable triggers in this transaction, if the role may do that.

    The counts are already known. The triggers would update each post for every few comments, which
    takes four times as long and doubles the size of the table. This also disables foreign keys; the
    rows are consistent.

    Returns:
        Whether they are disabled. The role of the embedded server may do this; a role that is not a
        superuser needs a grant (PostgreSQL, "GRANT", ON PARAMETER).
    """
    allowed = func.has_parameter_privilege("session_replication_role", "SET")
    if not await connection.scalar(select(allowed)):
        return False
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    return True


async def _reserve_ids(connection: AsyncConnection, table: str, number: int) -> Sequence[int]:
    """Reserve ids from the sequence, in ascending order."""
    ids = array("q")
    sequence = func.pg_get_serial_sequence(table, "id")
    statement = select(func.nextval(sequence)).select_from(func.generate_series(1, number))
    async with connection.stream_scalars(statement) as reserved:
        async for chunk in reserved.partitions(CHUNK):
            ids.extend(chunk)
    return ids


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], records: Iterable[rows.Row],
    progress: Progress = lambda rows: None, *, schema: str | None = None,
) -> int:  # fmt: skip
    """Copy rows while they are generated, with a bounded buffer.

    This uses the driver's connection, in the transaction that SQLAlchemy has started.

    Args:
        connection: the connection.
        table, columns: the table and the columns to copy to.
        records: the rows.
        progress: called with the number of rows that have been copied since the last call.
        schema: the schema of the table; by default, the first one in the search path that has it.

    Returns:
        The number of rows.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    records = iter(records)
    total, copied = 0, CHUNK
    while copied == CHUNK:
        status = await driver.copy_records_to_table(
            table, columns=columns, records=islice(records, CHUNK), schema_name=schema
        )
        copied = int(status.removeprefix("COPY "))
        total += copied
        progress(copied)
    return total


async def _add_counts(connection: AsyncConnection, table: Any, parts: Iterable[Any]) -> None:
    """Add the counts of rows by day or range, as the triggers would have done.

    This comes last, and in the order of the triggers, because it locks the days and ranges: until
    the commit, nobody else can write rows in them.
    """
    counts = [{table.key: part, "visible": size} for part, size in sorted(Counter(parts).items())]
    statement = insert(table)
    visible = table.visible + statement.excluded.visible
    adding = statement.on_conflict_do_update(index_elements=[table.key], set_={"visible": visible})
    if counts:
        await connection.execute(adding, counts)
