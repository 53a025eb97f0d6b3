"""Permissions for likes and bookmarks, and whether a viewer wants to see counts."""

from blog.comments.policies import Written
from blog.core.auth.identity import current_viewer
from blog.core.auth.viewer import Viewer
from blog.models import Permission, Post
from blog.posts.listed import ListedPost


def may_react_to_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer may like and bookmark this post. It may be their own."""
    return post.is_public and viewer.can(Permission.COMMENT)


def may_like_comment(viewer: Viewer, comment: Written, post: Post | ListedPost) -> bool:
    """Whether the viewer may like this comment. It may be their own."""
    return not comment.is_disabled and may_react_to_post(viewer, post)


def shows_like_counts() -> bool:
    """Whether the current viewer wants to see like counts."""
    account = current_viewer().account
    return account is None or not account.hides_like_counts


POLICIES = (may_react_to_post, may_like_comment, shows_like_counts)
