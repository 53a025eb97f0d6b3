"""Load the post of a request, if the viewer may read it, and lists of posts as they see them."""

from dataclasses import replace

from blog.core.auth.identity import current_viewer
from blog.core.auth.viewer import Viewer
from blog.core.db.pagination import CursorRequest, Page, PageRequest
from blog.core.web.app import read
from blog.models import Post
from blog.posts.hidden_words import collapse_hidden
from blog.posts.listed import PostCard
from blog.posts.lists import PostList
from blog.posts.locking import POST_IS_GONE
from blog.posts.neighbours import Neighbours, post_with_neighbours
from blog.posts.policies import may_read_post, unreadable
from blog.posts.queries import post_by_id


async def cards_for_viewer(
    posts: PostList, wanted: PageRequest | CursorRequest, of: int | None = None
) -> Page[PostCard]:
    """Load a page of a list as the current viewer sees it: without the people they have hidden, and
    with the posts collapsed that contain a word they hide.

    Args:
        of: the id of the person or tag that the list belongs to, if any.

    Raises:
        InvalidCursorError, TooDeepError: as in `PostList.cards`.
    """
    page = await read(posts.seen_by(current_viewer()).cards, wanted, of)
    return replace(page, rows=await collapse_hidden(page.rows))


async def readable_post(post_id: int, viewer: Viewer | None = None) -> Post:
    """Load a post that the viewer may read.

    Args:
        viewer: by default the viewer of the request.

    Raises:
        NotFoundError, GoneError: there is no such post.
    """
    return _require_readable(await read(post_by_id, post_id), viewer or current_viewer())


async def readable_post_with_neighbours(post_id: int) -> tuple[Post, Neighbours]:
    """Like `readable_post`, with what to read after it."""
    viewer = current_viewer()
    post, neighbours = await read(post_with_neighbours, post_id, viewer.filtered_for)
    return _require_readable(post, viewer), neighbours


def _require_readable(post: Post | None, viewer: Viewer) -> Post:
    if post is None or not may_read_post(viewer, post):
        raise unreadable(post, POST_IS_GONE)
    return post
