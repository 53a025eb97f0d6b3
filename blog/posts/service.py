"""Writing posts. Each function is one action in one transaction.

Triggers count the posts. A post is locked before anything that belongs to it.
"""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from blog.core.auth import audit
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import EditConflictError, ForbiddenError, NotFoundError
from blog.core.events.handlers import record
from blog.core.text.excerpts import excerpt
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.web.batches import Batches
from blog.core.web.submissions import submission_key
from blog.models import Act, Permission, Post, User
from blog.models.account_deletion import not_deleted
from blog.posts.events import PostChanged, PostDeleted
from blog.posts.lists import Author, ListedPost
from blog.posts.policies import may_change_post, may_read_post
from blog.posts.schemas import PostForm
from blog.posts.writes import NewPost, publish

POST_IS_GONE = "This post does not exist, or was deleted."


async def write_post(writes: Batches, author: Viewer, form: PostForm, body_html: str) -> ListedPost:
    """Publish a post. The same form sent twice publishes one, which is the answer to both.

    Args:
        body_html: what the renderer has made of the form's text.

    Raises:
        ForbiddenError: this person may not write.
        NotFoundError: the form was sent before, and what it published is deleted at this moment.
    """
    if not author.can(Permission.WRITE):
        raise ForbiddenError
    post = NewPost(
        author=Author(author.id, author.username, author.person.avatar_hash),
        body=form.body,
        body_html=body_html,
        renderer_version=RENDERER_VERSION,
        submission=submission_key(form, author.id, form.body),
    )
    if (published := await writes.run(publish, post)) is None:
        raise NotFoundError(POST_IS_GONE)
    return published


async def edit_post(
    session: AsyncSession,
    editor: Viewer,
    post_id: int,
    body: str,
    body_html: str,
    *,
    version: int | None = None,
) -> Post:
    """Replace a post's text, if the editor has read the text that it replaces.

    Args:
        body_html: what the renderer has made of `body`.
        version: of the text that the editor has read; `None` stands for whichever there is.

    Raises:
        NotFoundError: the post is not there (any more), or a moderator has hidden it.
        ForbiddenError: this person may not edit it.
        EditConflictError: somebody has changed it meanwhile, to another text than this.
    """
    post = await _locked(session, editor, post_id)
    if post.body == body:
        return post
    if version not in {None, post.version}:
        raise EditConflictError
    post.body, post.body_html, post.renderer_version = body, body_html, RENDERER_VERSION
    post.excerpt = excerpt(body_html)
    post.edited_at, post.version = now(), post.version + 1
    if editor.id != post.author_id:
        audit.record(session, editor, Act.EDIT_POST, post.author, post=post.id)
    await record(session, PostChanged(post.id, post.author_id, changed_by=editor.id))
    await session.commit()
    return post


async def delete_post(session: AsyncSession, viewer: Viewer, post_id: int) -> None:
    """Delete a post with its comments.

    Raises:
        NotFoundError: the post is not there (any more), or a moderator has hidden it.
        ForbiddenError: this person may not delete it.
    """
    post = await _locked(session, viewer, post_id)
    if viewer.id != post.author_id:
        audit.record(session, viewer, Act.DELETE_POST, post.author, post=post.id)
    # The triggers come to the ranges of the comments first, and to the author after them.
    await session.execute(
        select(User.id).where(User.id == post.author_id).with_for_update(key_share=True)
    )
    await session.execute(delete(Post).where(Post.id == post.id))
    await record(session, PostDeleted(post.id, post.author_id, deleted_by=viewer.id))
    await session.commit()


async def _locked(session: AsyncSession, viewer: Viewer, post_id: int) -> Post:
    """A post as it is now, which nobody else can change before the end of the transaction."""
    post = await session.scalar(
        select(Post)
        .where(Post.id == post_id, not_deleted(Post.author_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if post is None or not may_read_post(viewer, post):
        raise NotFoundError(POST_IS_GONE)
    if not may_change_post(viewer, post):
        raise ForbiddenError
    # Joined in above, an author who is asking would be loaded anew, and lose his role.
    set_committed_value(post, "author", await session.get_one(User, post.author_id))
    return post
