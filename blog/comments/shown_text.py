"""What a viewer may read of a comment."""

from typing import NamedTuple, Protocol

from blog.comments.policies import Written, is_removed_by_author, may_read_comment
from blog.core.auth.viewer import Viewer
from blog.models import Post
from blog.posts.listed import ListedPost


class WithText(Written, Protocol):
    """A comment with its text."""

    @property
    def body_html(self) -> str: ...
    @property
    def disabled_reason(self) -> str | None: ...


class ShownText(NamedTuple):
    """The text of a comment for a viewer: an immutable value.

    Attributes:
        html: the text; `None` if they may not read it.
        is_own: whether they wrote it.
        is_disabled: whether it is disabled.
        is_removed_by_author: whether the author of the post disabled it, rather than a moderator.
        reason: the reason; `None` if they may not read it.
    """

    html: str | None
    is_own: bool
    is_disabled: bool = False
    is_removed_by_author: bool = False
    reason: str | None = None


def shown_text(viewer: Viewer, comment: WithText, post: Post | ListedPost) -> ShownText:
    """What the viewer may read of a comment on `post`."""
    may_read = may_read_comment(viewer, comment, post)
    html = comment.body_html if may_read else None
    is_own = viewer.id == comment.author_id
    if not comment.is_disabled:
        return ShownText(html, is_own)
    reason = comment.disabled_reason if may_read else None
    return ShownText(html, is_own, True, is_removed_by_author(comment, post), reason)
