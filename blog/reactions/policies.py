"""Permissions for likes and bookmarks."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Post
from blog.posts.lists import ListedPost


def may_react_to_post(viewer: Viewer, post: Post | ListedPost) -> bool:
    """Whether the viewer may like and bookmark this post, which may be their own."""
    return post.is_public and viewer.can(Permission.COMMENT)


POLICIES = (may_react_to_post,)
