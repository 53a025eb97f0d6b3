"""Permissions for likes and bookmarks."""

from blog.core.auth.viewer import Viewer
from blog.models import Comment, Permission, Post
from blog.posts.lists import ListedPost


def may_react_to_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer may like and bookmark this post, which may be their own."""
    return post.is_public and viewer.can(Permission.COMMENT)


def may_like_comment(viewer: Viewer, comment: Comment, post: Post | ListedPost) -> bool:
    """Whether the viewer may like this comment, which may be their own."""
    return not comment.is_disabled and may_react_to_post(viewer, post)


POLICIES = (may_react_to_post, may_like_comment)
