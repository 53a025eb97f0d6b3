"""Who may do what with a post; asked by pages, the API, services and templates alike."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Post
from blog.models.account_deletion import not_deleted
from blog.models.post import is_public
from blog.posts.lists import ListedPost


def visible_to(viewer: Viewer, posts: Any = Post) -> ColumnElement[bool]:
    """As a condition on rows, what `may_read_post` says of one post.

    Lists show everybody the same: what is `visible_to(ANONYMOUS)`.

    Args:
        viewer: who is asking.
        posts: the mapped class, or the columns of its table.
    """
    shown = [is_public(posts)]
    if viewer.id:
        shown.append(and_(posts.author_id == viewer.id, posts.hidden_at.is_(None)))
    if viewer.can(Permission.MODERATE):
        shown.append(posts.hidden_at.is_not(None))
    return and_(or_(*shown), not_deleted(posts.author_id))


def may_read_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether they may know of this post, and of what stands under it.

    A post that a moderator has hidden is there for moderators only, not even for its author.
    What is not published yet is there for its author only, not even for moderators.
    """
    if post.hidden_at is not None:
        return viewer.can(Permission.MODERATE)
    return post.is_public or viewer.id == post.author_id


def may_change_post(viewer: Viewer, post: Post) -> bool:
    """Whether they may edit and delete this post: its author may, and administrators."""
    if not may_read_post(viewer, post):
        return False
    is_its_author = viewer.id == post.author_id and viewer.can(Permission.WRITE)
    return is_its_author or viewer.can(Permission.ADMIN)


def may_report_post(viewer: Viewer, post: Post) -> bool:
    """Whether they may tell the moderators of this post, who know of those that are hidden."""
    return post.is_public and viewer.id != 0


def may_moderate_post(viewer: Viewer, post: Post) -> bool:
    """Whether they may hide this post or show it again; what is not published is not theirs."""
    return viewer.can(Permission.MODERATE) and (post.is_public or post.hidden_at is not None)


POLICIES = (may_read_post, may_change_post, may_report_post, may_moderate_post)
