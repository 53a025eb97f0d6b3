"""Permissions for posts, checked by pages, the API, services and templates."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from blog.core.auth.viewer import Viewer
from blog.core.errors import GoneError, NotFoundError
from blog.core.i18n import LazyText, lazy_gettext
from blog.models import Permission, Post, PostStatus
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.post import is_public
from blog.posts.listed import ListedPost

# A condition on the id of an author.
Condition = Callable[[Any], ColumnElement[bool]]
POST_IS_HIDDEN = lazy_gettext(
    "A moderator has hidden this post. Only its author and moderators can see it."
)


def visible_to(viewer: Viewer, posts: Any = Post) -> ColumnElement[bool]:
    """The condition on rows that corresponds to `may_read_post`.

    Lists show everyone the same posts: those `visible_to(ANONYMOUS)`. Only for viewers who have
    muted or blocked someone, or were blocked, they also require `is_shown_to_viewer`. Posts that
    are requested by their own URL or their author's are not filtered: everyone may read them.

    Args:
        viewer: the viewer.
        posts: the mapped class, or the columns of its table.
    """
    shown = [is_public(posts)]
    if viewer.id:
        shown.append(posts.author_id == viewer.id)
    if viewer.can(Permission.MODERATE):
        shown.append(posts.hidden_at.is_not(None))
    return and_(or_(*shown), not_deleted(posts.author_id))


def is_shown_to_viewer(author_id: Any) -> ColumnElement[bool]:
    """The condition on the authors of posts in lists for `blog.models.block.VIEWER`."""
    return and_(not_deleted(author_id), shown_to_viewer(author_id))


def may_read_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer may read this post and its comments.

    Only its author and moderators may read a post that a moderator has hidden. Only its author may
    read an unpublished post; moderators may not.
    """
    if viewer.id == post.author_id:
        return True
    if post.hidden_at is not None:
        return viewer.can(Permission.MODERATE)
    return post.is_public


def unreadable(post: Post | ListedPost | None, gone_text: str | LazyText) -> NotFoundError:
    """The error for a viewer who may not read this post.

    Args:
        post: the post; `None` if there is none.
        gone_text: the message, unless a moderator has hidden the post after it was public.
    """
    if post is None or post.hidden_at is None or post.status != PostStatus.PUBLISHED:
        return NotFoundError(gone_text)
    return GoneError(POST_IS_HIDDEN)


def may_change_post(viewer: Viewer, post: Post) -> bool:
    """Whether the viewer may edit and delete this post: its author and administrators may."""
    if not may_read_post(viewer, post):
        return False
    return is_author(viewer, post) or viewer.can(Permission.ADMIN)


def may_publish_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer may publish this post, and share it before: its author may, unless a
    moderator has hidden it. Moderators hide posts instead.
    """
    return post.hidden_at is None and is_author(viewer, post)


def is_author(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer wrote this post, and may still write."""
    return viewer.id == post.author_id and viewer.can(Permission.WRITE)


def may_report_post(viewer: Viewer, post: Post) -> bool:
    """Whether the viewer may report this post: only a public one, which is not hidden already."""
    return post.is_public and viewer.id != 0


def may_moderate_post(viewer: Viewer, post: Post) -> bool:
    """Whether the viewer may hide this post by another person or show it again. Moderators don't
    see unpublished posts."""
    is_others = viewer.can(Permission.MODERATE) and viewer.id != post.author_id
    return is_others and (post.is_public or post.hidden_at is not None)


POLICIES = (may_read_post, may_change_post, may_publish_post, may_report_post, may_moderate_post)
