"""Queries for moderators: lists with the newest items first.

They use cursors instead of page numbers, because new rows keep arriving while a moderator reads.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments import queries as comments
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import Comment, Post
from blog.models.account_deletion import not_deleted

# The columns that decide who may read a post.
SEEN_OF_POST = (Post.author_id, Post.status, Post.hidden_at)
_COMMENTS: Listing[Comment] = Listing(
    Order(Comment.id),
    select(Comment)
    .where(comments.IS_THERE)
    .options(
        joinedload(Comment.author, innerjoin=True),
        joinedload(Comment.post, innerjoin=True)
        .load_only(*SEEN_OF_POST)
        .joinedload(Post.author, innerjoin=True),
    ),
    lambda comment: (comment.id,),
)
_HIDDEN_POSTS: Listing[Post] = Listing(
    Order(Post.id),
    select(Post)
    .where(Post.hidden_at.is_not(None), not_deleted(Post.author_id))
    .options(joinedload(Post.author, innerjoin=True)),
    lambda post: (post.id,),
)


async def newest_comments(session: AsyncSession, wanted: CursorRequest) -> Page[Comment]:
    """All comments, with their authors, and the authors of their posts."""
    return await _COMMENTS.read(session, wanted)


async def hidden_posts(session: AsyncSession, wanted: CursorRequest) -> Page[Post]:
    """The hidden posts, with their authors."""
    return await _HIDDEN_POSTS.read(session, wanted)
