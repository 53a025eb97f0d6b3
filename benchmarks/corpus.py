"""Plants the corpus of the search's tests (`tests.search.corpus`) among the posts of a demo site,
which are all in one language."""

from datetime import timedelta
from random import Random

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.text.markdown import render_document
from blog.models import Post, User
from blog.posts.bulk import ids_of_tags, insert_posts
from blog.posts.counts import recount
from blog.posts.fields import text_columns
from tests.search.corpus import POSTS

# Whom the questions name.
AUTHOR = "robin"
# One in twenty posts of the site is of the corpus, by many authors in the days of the demo.
SHARE, AUTHORS, DAYS = 20, 900, 400
AT_ONCE = 1_000
# The indexes of copied tables that take long to keep row by row.
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename IN ('posts', 'post_search', 'post_tags', 'comments', 'comment_search')
        AND indexdef NOT LIKE '%UNIQUE%'
"""
_COPIES = (
    "SET LOCAL session_replication_role = replica",
    "SET LOCAL maintenance_work_mem = '1GB'",
    """
    CREATE TEMPORARY TABLE copies ON COMMIT DROP AS
    SELECT id AS source, nextval(pg_get_serial_sequence('posts', 'id')) AS id,
        published_at - random() * interval '1 day' AS published_at
    FROM posts CROSS JOIN generate_series(2, :times) WHERE status = 'published'
    """,
    """
    INSERT INTO posts (id, author_id, title, body, body_html, excerpt, word_count, language,
        renderer_version, created_at, published_at)
    SELECT copies.id, author_id, title, body, body_html, excerpt, word_count, language,
        renderer_version, copies.published_at, copies.published_at
    FROM copies JOIN posts ON posts.id = source
    """,
    """
    INSERT INTO post_search (post_id, author_id, listed_at, document)
    SELECT id, author_id, published_at, document FROM copies JOIN post_search ON post_id = source
    """,
    """
    INSERT INTO post_tags (post_id, tag_id, position, author_id, published_at)
    SELECT id, tag_id, position, author_id, copies.published_at
    FROM copies JOIN post_tags ON post_id = source
    """,
    """
    CREATE TEMPORARY TABLE comment_copies ON COMMIT DROP AS
    SELECT comments.id AS source, nextval(pg_get_serial_sequence('comments', 'id')) AS id,
        copies.id AS post_id, created_at - random() * interval '1 day' AS created_at
    FROM copies JOIN comments ON post_id = copies.source WHERE author_id IS NOT NULL
    """,
    """
    INSERT INTO comments (id, post_id, author_id, body, body_html, renderer_version, created_at)
    SELECT copies.id, copies.post_id, author_id, body, body_html, renderer_version,
        copies.created_at
    FROM comment_copies AS copies JOIN comments ON comments.id = source
    """,
    """
    INSERT INTO comment_search (comment_id, post_id, author_id, listed_at, document)
    SELECT id, copies.post_id, author_id, created_at, document
    FROM comment_copies AS copies JOIN comment_search ON comment_id = source
    """,
)


async def plant(database: Database) -> None:
    """Add copies of the corpus's posts, each in its language, unless they are there.

    Triggers index and count them like all posts.
    """
    async with database.session() as session:
        if await session.scalar(select(Post.id).where(Post.title == POSTS[0].title).limit(1)):
            return
        authors = await _authors(session)
        number = await session.scalar(select(func.count(Post.id))) or 0
        copies = [each for each in POSTS for _ in range(number // SHARE // len(POSTS))]
        random = Random(1)
        random.shuffle(copies)
        ids = await ids_of_tags(session, [each.tags for each in POSTS])
        columns = {each.name: text_columns(each.body, render_document(each.body)) for each in POSTS}
        for start in range(0, len(copies), AT_ONCE):
            some = copies[start : start + AT_ONCE]
            rows = [
                columns[each.name] | {
                    "author_id": random.choice(authors), "title": each.title or None,
                    "language": each.language,
                    "published_at": now() - timedelta(days=DAYS * random.random()),
                }
                for each in some
            ]  # fmt: skip
            await insert_posts(session, rows, [each.tags for each in some], ids)
        await session.commit()
    await _tidy(database)


async def _tidy(database: Database) -> None:
    """What autovacuum would do later."""
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        tables = "users, posts, post_search, post_tags, tags, post_days, comments, comment_search"
        await connection.execute(text(f"VACUUM (ANALYZE) {tables}"))


async def _authors(session: AsyncSession) -> list[int]:
    """The ids of people who write the posts; the one whom the questions name writes one in ten."""
    named = await session.scalar(select(User.id).where(User.username == AUTHOR))
    assert named, "the demo has this person"
    others = await session.scalars(select(User.id).order_by(User.id).limit(AUTHORS))
    return [*others, *[named] * (AUTHORS // 9)]


async def multiply(database: Database, times: int) -> None:
    """Copy each public post with its index, tags and comments, at other times, until there are so
    many times as many: loading a million takes half an hour, and this some minutes.

    Copied replies reply to nobody."""
    async with database.engine.begin() as connection:
        indexes = (await connection.execute(text(_INDEXES))).all()
        for name, _ in indexes:
            await connection.execute(text(f"DROP INDEX {name}"))
        for statement in _COPIES:
            values = {"times": times} if ":times" in statement else {}
            await connection.execute(text(statement), values)
        for _, definition in indexes:
            await connection.exec_driver_sql(definition)
    async with database.session() as session:
        await recount(session)
    await _tidy(database)
