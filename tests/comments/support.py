"""Comments for tests, and what a page shows of them."""

import re
from datetime import timedelta

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Comment, Post, User


async def add_post(db: AsyncSession, author: User) -> Post:
    """A post by `author`."""
    post = Post(author_id=author.id, body="Post", body_html="<p>Post</p>", renderer_version=1)
    db.add(post)
    await db.commit()
    return post


async def add_comments(
    db: AsyncSession, post: Post, author_id: int, number: int, age: timedelta = timedelta()
) -> list[Comment]:
    """Comments "Comment 1", "Comment 2", …, written `age` ago."""
    comments = [
        Comment(
            post_id=post.id,
            author_id=author_id,
            body=f"Comment {i}",
            body_html=f"<p>Comment {i}</p>",
            renderer_version=1,
            created_at=now() - age,
        )
        for i in range(1, number + 1)
    ]
    db.add_all(comments)
    await db.commit()
    return comments


def shown_comments(page: httpx.Response) -> list[int]:
    """The ids of the comments on a page, in its order."""
    return [int(number) for number in re.findall(r'id="comment-(\d+)"', page.text)]


def submission_in(page: httpx.Response) -> str:
    """The number of the form on a page, which tells one filling from another."""
    found = re.search(r'name="submission" value="([^"]+)"', page.text)
    assert found, "there is no form to make something with"
    return found[1]
