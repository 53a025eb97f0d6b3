"""Permissions for the revisions of a post, of those who may read the post."""

from typing import Protocol

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Post
from blog.posts.listed import ListedPost
from blog.posts.policies import is_author, may_change_post, may_moderate_post


class Hideable(Protocol):
    """A revision, as a row or as it is shown."""

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

    A hidden one is for moderators, and for its author unless a moderator has hidden it.
    """
    if not revision.is_hidden or viewer.can(Permission.MODERATE):
        return True
    return viewer.id == post.author_id and not revision.is_hidden_by_moderator


def may_hide_revision(viewer: Viewer, post: Post, revision: Hideable) -> bool:
    """Whether the viewer may hide this text of theirs or show it again; the current one is changed
    instead.
    """
    is_theirs = is_author(viewer, post) and not revision.is_hidden_by_moderator
    return is_theirs and not revision.is_current


def may_moderate_revision(viewer: Viewer, post: Post, revision: Hideable) -> bool:
    """Whether the viewer may hide this text as a moderator, or show it again, which those who wrote
    it may not."""
    if revision.is_hidden_by_moderator and revision.editor_id == viewer.id:
        return False
    return may_moderate_post(viewer, post) and not revision.is_current


def may_restore_revision(viewer: Viewer, post: Post, revision: Hideable) -> bool:
    """Whether the viewer may make this the current text again. Not while a moderator hides it: it
    may have been written by a moderator."""
    is_there = may_read_revision(viewer, post, revision) and not revision.is_hidden_by_moderator
    return is_there and not revision.is_current and may_change_post(viewer, post)


POLICIES = (may_read_revision, may_hide_revision, may_moderate_revision, may_restore_revision)
