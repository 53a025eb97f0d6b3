"""Load the comment of a request, if the viewer may know of it."""

from blog.comments.policies import may_know_of_comment
from blog.comments.queries import comment_by_id
from blog.comments.service import COMMENT_IS_GONE
from blog.core.auth.identity import current_viewer
from blog.core.web.app import read
from blog.models import Comment
from blog.posts.policies import unreadable


async def readable_comment(comment_id: int) -> Comment:
    """Load a comment that the viewer may know of, with its author and post.

    Raises:
        NotFoundError, GoneError: there is no such comment.
    """
    comment = await read(comment_by_id, comment_id)
    if comment is None or not may_know_of_comment(current_viewer(), comment.post):
        raise unreadable(comment.post if comment else None, COMMENT_IS_GONE)
    return comment
