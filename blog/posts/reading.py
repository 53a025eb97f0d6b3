"""Load the post of a request, if the viewer may read it."""

from blog.core.auth.identity import current_viewer
from blog.core.auth.viewer import Viewer
from blog.core.web.app import read
from blog.models import Post
from blog.posts.neighbours import Neighbours, post_with_neighbours
from blog.posts.policies import may_read_post, unreadable
from blog.posts.queries import post_by_id
from blog.posts.service import POST_IS_GONE


async def readable_post(post_id: int, viewer: Viewer | None = None) -> Post:
    """A post that the viewer may read.

    Args:
        viewer: by default that of the request.

    Raises:
        NotFoundError, GoneError: there is none.
    """
    return _readable(await read(post_by_id, post_id), viewer or current_viewer())


async def readable_post_with_neighbours(post_id: int) -> tuple[Post, Neighbours]:
    """Like `readable_post`, with what to read after it."""
    post, neighbours = await read(post_with_neighbours, post_id)
    return _readable(post, current_viewer()), neighbours


def _readable(post: Post | None, viewer: Viewer) -> Post:
    if post is None or not may_read_post(viewer, post):
        raise unreadable(post, POST_IS_GONE)
    return post
