"""Who may do what with a post; asked by pages, the API, services and templates alike."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Post
from blog.posts.lists import ListedPost


def may_read_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether they may know of this post, and of what stands under it.

    A post that a moderator has hidden is there for moderators only, not even for its author.
    `queries.IS_VISIBLE` says the same of those who are no moderators, in SQL.
    """
    return post.hidden_at is None or viewer.can(Permission.MODERATE)


def may_change_post(viewer: Viewer, post: Post) -> bool:
    """Whether they may edit and delete this post: its author may, and administrators."""
    if not may_read_post(viewer, post):
        return False
    is_its_author = viewer.id == post.author_id and viewer.can(Permission.WRITE)
    return is_its_author or viewer.can(Permission.ADMIN)


def may_report_post(viewer: Viewer, post: Post) -> bool:
    """Whether they may tell the moderators of this post, who know of those that are hidden."""
    return post.hidden_at is None and viewer.id != 0


POLICIES = (may_read_post, may_change_post, may_report_post)
