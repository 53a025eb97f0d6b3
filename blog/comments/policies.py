"""Permissions for comments, checked by pages, the API, services and templates.

A comment is visible only to viewers who can see its post.
"""

from datetime import datetime, timedelta
from typing import Protocol

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.site_settings.values import Commenting
from blog.core.web.app import current_app
from blog.models import Comment, Permission, Post
from blog.posts.listed import ListedPost
from blog.posts.policies import is_author, may_read_post

# The age from which `Commenting.ESTABLISHED` lets an account comment.
ESTABLISHED_AFTER = timedelta(days=7)


class Written(Protocol):
    """A comment, or its representation on a page of threads."""

    @property
    def author_id(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def is_disabled(self) -> bool: ...
    @property
    def disabled_by_id(self) -> int | None: ...


def may_know_of_comment(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer may know that a comment exists, and its author and time."""
    return may_read_post(viewer, post)


def may_read_comment(viewer: Viewer, comment: Written, post: Post | ListedPost) -> bool:
    """Whether the viewer may read a comment's text. Only its author and moderators may read that of
    a disabled comment."""
    is_own = viewer.id == comment.author_id
    is_shown = is_own or not comment.is_disabled or viewer.can(Permission.MODERATE)
    return is_shown and may_know_of_comment(viewer, post)


def may_take_part(viewer: Viewer) -> bool:
    """Whether the site lets the viewer comment at all."""
    who = current_app.site.commenting
    if who is Commenting.EVERYONE or viewer.can(Permission.MODERATE):
        return True
    account = viewer.account
    is_established = account is not None and account.created_at < now() - ESTABLISHED_AFTER
    return who is Commenting.ESTABLISHED and is_established


def may_comment(viewer: Viewer, post: Post | ListedPost, *, is_followed: bool) -> bool:
    """Whether the viewer may write a comment on this post.

    Args:
        is_followed: whether the author of the post follows them.
    """
    if not (post.is_public and post.comments_open and viewer.can(Permission.COMMENT)):
        return False
    if not may_take_part(viewer):
        return False
    return not post.comments_limited or is_followed or viewer.id == post.author_id


def may_remove_comment(viewer: Viewer, comment: Written, post: Post | ListedPost) -> bool:
    """Whether the viewer may remove another person's comment from their own post, which they may
    not while their account is paused."""
    is_others = comment.author_id != viewer.id and not comment.is_disabled
    return is_others and is_author(viewer, post) and may_know_of_comment(viewer, post)


def is_removed_by_author(comment: Written, post: Post | ListedPost) -> bool:
    """Whether the comment was disabled by the author of the post rather than a moderator."""
    return comment.is_disabled and comment.disabled_by_id == post.author_id


def may_edit_comment(viewer: Viewer, comment: Written, post: Post) -> bool:
    """Whether the viewer wrote the comment recently and can still read it. A comment that was
    disabled may be edited at any time, so that it can be enabled again."""
    if viewer.id != comment.author_id or not viewer.can(Permission.COMMENT):
        return False
    is_recent = now() < comment.created_at + Comment.EDITABLE_FOR
    return (is_recent or comment.is_disabled) and may_read_post(viewer, post)


def may_delete_comment(viewer: Viewer, comment: Written, post: Post) -> bool:
    """Whether the viewer wrote the comment."""
    return viewer.id == comment.author_id and may_know_of_comment(viewer, post)


def may_report_comment(comment: Written, post: Post) -> bool:
    """Whether the comment may be reported: only if it isn't disabled or hidden already."""
    return not comment.is_disabled and post.is_public


def may_moderate_comment(viewer: Viewer, comment: Written) -> bool:
    """Whether the viewer may disable or enable this comment by another person as a moderator."""
    return viewer.can(Permission.MODERATE) and viewer.id != comment.author_id


POLICIES = (
    may_comment, may_read_comment, may_edit_comment, may_delete_comment, may_remove_comment,
    may_report_comment, may_moderate_comment, may_take_part, is_removed_by_author,
)  # fmt: skip
