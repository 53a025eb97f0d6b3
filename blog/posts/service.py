"""Writing posts. Each function is one action in one transaction."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.errors import ForbiddenError
from blog.kit.markdown import RENDERER_VERSION, render_document
from blog.models import Permission, Post, User
from blog.posts.schemas import PostForm


async def write_post(session: AsyncSession, author: User, form: PostForm) -> Post:
    """Publish a post, and count it.

    Raises:
        ForbiddenError: this person may not write.
    """
    if not author.can(Permission.WRITE):
        raise ForbiddenError
    post = Post(
        author=author,
        body=form.body,
        body_html=render_document(form.body),
        renderer_version=RENDERER_VERSION,
    )
    session.add(post)
    await session.execute(
        update(User).where(User.id == author.id).values(post_count=User.post_count + 1)
    )
    await session.commit()
    return post
