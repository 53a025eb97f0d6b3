"""Load the post of a request, if the viewer may read it, and the lists of posts that they see."""

from dataclasses import replace

from blog.core.auth.identity import current_viewer
from blog.core.auth.viewer import Viewer
from blog.core.db.pagination import CursorRequest, Page, PageRequest
from blog.core.web.app import read
from blog.models import Post
from blog.posts.hidden_words import collapsed
from blog.posts.listed import PostCard
from blog.posts.lists import PostList
from blog.posts.locking import POST_IS_GONE
from blog.posts.neighbours import Neighbours, post_with_neighbours
from blog.posts.policies import may_read_post, unreadable
from blog.posts.queries import post_by_id


async def cards_for_viewer(
    posts: PostList, wanted: PageRequest | CursorRequest, of: int | None = None
) -> Page[PostCard]:
    """A page of a list as the viewer of the request sees it: without the people whom they have
    hidden, and with posts collapsed that have a word which they hide.

    Args:
        of: the id of the person or tag whose list it is, if it is one's.

    Raises:
        InvalidCursorError, TooDeepError: as by `PostList.cards`.
    """
    page = await read(posts.seen_by(current_viewer()).cards, wanted, of)
    return replace(page, rows=await collapsed(page.rows))


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
    viewer = current_viewer()
    post, neighbours = await read(post_with_neighbours, post_id, viewer.filtered_for)
    return _readable(post, viewer), neighbours


def _readable(post: Post | None, viewer: Viewer) -> Post:
    if post is None or not may_read_post(viewer, post):
        raise unreadable(post, POST_IS_GONE)
    return post
