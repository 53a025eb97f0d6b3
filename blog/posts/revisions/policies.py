"""Permissions for the revisions of a post, for viewers who may read the post."""

from typing import Protocol

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Post
from blog.posts.listed import ListedPost
from blog.posts.policies import is_author, may_change_post, may_moderate_post


class Hideable(Protocol):
    """A revision, as a row or as read for pages."""

    @property
    def editor_id(self) -> int | None: ...

    @property
    def is_current(self) -> bool: ...

    @property
    def is_hidden(self) -> bool: ...

    @property
    def is_hidden_by_moderator(self) -> bool: ...


def may_read_revision(viewer: Viewer, post: Post | ListedPost, revision: Hideable) -> bool:
    """Whether the viewer, who may read the post, may read this text of it.

    Moderators may read a hidden text, and so may its author unless a moderator has hidden it.
    """
    if not revision.is_hidden or viewer.can(Permission.MODERATE):
        return True
    return viewer.id == post.author_id and not revision.is_hidden_by_moderator


def may_hide_revision(viewer: Viewer, post: Post, revision: Hideable) -> bool:
    """Whether the viewer may hide or unhide this text as its author. The current text is edited
    instead.
    """
    is_theirs = is_author(viewer, post) and not revision.is_hidden_by_moderator
    return is_theirs and not revision.is_current


def may_moderate_revision(viewer: Viewer, post: Post, revision: Hideable) -> bool:
    """Whether the viewer may hide or unhide this text as a moderator. Its writer may not unhide
    it."""
    if revision.is_hidden_by_moderator and revision.editor_id == viewer.id:
        return False
    return may_moderate_post(viewer, post) and not revision.is_current


def may_restore_revision(viewer: Viewer, post: Post, revision: Hideable) -> bool:
    """Whether the viewer may make this the current text again. Nobody may while it is hidden by a
    moderator, because a moderator may have written it."""
    is_there = may_read_revision(viewer, post, revision) and not revision.is_hidden_by_moderator
    return is_there and not revision.is_current and may_change_post(viewer, post)


POLICIES = (may_read_revision, may_hide_revision, may_moderate_revision, may_restore_revision)
