"""Plants the corpus of the search's tests (`tests.search.corpus`) among the posts of a demo site,
which are all in one language."""

from datetime import timedelta
from random import Random

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.db.database import Database
from blog.core.text.markdown import render_document
from blog.models import Post, Role, User
from blog.posts.bulk import ids_of_tags, insert_posts
from blog.posts.fields import text_columns
from tests.search.corpus import POSTS

# Whom the questions name.
AUTHOR = "robin"
# One in twenty posts of the site is of the corpus, by a thousand authors in the days of the demo.
SHARE, AUTHORS, DAYS = 20, 1_000, 400
AT_ONCE = 1_000


async def plant(database: Database) -> None:
    """Add copies of the corpus's posts, each in its language, unless they are there.

    Triggers index and count them like all posts.
    """
    async with database.session() as session:
        if await session.scalar(select(User.id).where(User.username == AUTHOR)):
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
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("VACUUM (ANALYZE) posts, post_search, post_tags, tags"))


async def _authors(session: AsyncSession) -> list[int]:
    """The ids of people who write the posts: among them the one whom the questions name."""
    role = await session.scalar(select(Role.id).where(Role.is_default))
    named = User(
        username=AUTHOR, email=f"{AUTHOR}@example.com", role_id=role, confirmed_at=now(),
        password_hash=await Passwords().hash(AUTHOR),
    )  # fmt: skip
    session.add(named)
    await session.flush()
    others = await session.scalars(select(User.id).order_by(User.id).limit(AUTHORS - 1))
    return [named.id, *others]
