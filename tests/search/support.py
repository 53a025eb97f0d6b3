"""Posts to search for, written into the database."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.tags import fold_tag
from blog.models import Post, PostTag, Tag, User


async def add_post(
    db: AsyncSession, author: User, body: str, *, tags: tuple[str, ...] = (), age: int = 0,
    **columns: Any,
) -> Post:  # fmt: skip
    """Add a post.

    Args:
        age: how many days ago it was published.
    """
    columns = {"published_at": now() - timedelta(days=age), **columns}
    html = f"<p>{body}</p>"
    post = Post(author_id=author.id, body=body, body_html=html, renderer_version=1, **columns)
    db.add(post)
    await db.flush()
    for position, name in enumerate(tags):
        tag = Tag(name=name, folded=fold_tag(name))
        db.add(tag)
        await db.flush()
        db.add(PostTag(post_id=post.id, tag_id=tag.id, position=position))
    await db.commit()
    return post


async def indexed(db: AsyncSession, words: str) -> list[int]:
    """The ids of the posts that the index finds, by a query in the syntax of `to_tsquery`."""
    found = text(
        "SELECT post_id FROM post_search WHERE document @@ search_query(:words, '', '') "
        "ORDER BY post_id"
    )
    return list(await db.scalars(found, {"words": words}))
