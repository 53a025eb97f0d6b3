"""The part of a page below a post: its comments, what the viewer has done with them and with the
post, and the form for a comment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import BigInteger, any_, bindparam, func, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.hidden_words import comments_with_hidden_words
from blog.comments.policies import may_comment
from blog.comments.queries import is_listed
from blog.comments.replies import parent_of_reply
from blog.comments.schemas import CommentForm
from blog.comments.threads import Sort, Threads, threads_page
from blog.core.auth.identity import current_viewer
from blog.core.db.arrays import array_parameter
from blog.core.db.pagination import CursorRequest, PageRequest
from blog.core.web.app import read
from blog.core.web.forms import Form
from blog.models import Comment, CommentLike, Follow, Post
from blog.models.block import hidden_people
from blog.posts.viewer_state import PARTS, VIEWER, ViewerState, state_of_rows
from blog.users.blocking import NOBODY, ShutOut, shut_out_by_viewer

_LIKE = CommentLike.__table__.c
_LIKED_COMMENTS = select(literal_column("'liked comment'"), _LIKE.comment_id).where(
    _LIKE.user_id == VIEWER,
    _LIKE.comment_id == any_(array_parameter("comments", BigInteger)),
)
_FOLLOW = Follow.__table__.c
_FOLLOWED = select(literal_column("'followed by'"), _FOLLOW.follower_id).where(
    _FOLLOW.follower_id == bindparam("author", type_=BigInteger), _FOLLOW.followed_id == VIEWER
)
_STATE = union_all(*PARTS, _LIKED_COMMENTS, _FOLLOWED)
HIDDEN = "hidden comments"
_STATE_WITH_HIDDEN = union_all(
    *PARTS, _LIKED_COMMENTS, _FOLLOWED,
    select(literal_column(f"'{HIDDEN}'"), func.count()).where(
        Comment.post_id == bindparam("post", type_=BigInteger), is_listed(),
        Comment.author_id.in_(hidden_people(VIEWER)),
    ),
)  # fmt: skip


class _Subject(NamedTuple):
    post_id: int
    author_id: int
    comment_ids: tuple[int, ...]


@dataclass(frozen=True)
class Conversation:
    """The part of a page below a post.

    Attributes:
        threads: the page of comments.
        form: the form for a comment.
        may_comment: whether the viewer may comment on the post.
        parent: the comment that the form replies to.
        state: what the viewer has done with the post; `None` if they are not logged in.
        liked: the ids of the comments on the page that they like.
        shut_out: the authors of the post and comments whom they have muted or blocked.
        hidden: the number of comments on the post by people they have muted or blocked.
        hidden_words: the comments on the page that contain a word they hide, and the word.
    """

    threads: Threads
    form: Form[CommentForm]
    may_comment: bool = False
    parent: Comment | None = None
    state: ViewerState | None = None
    liked: frozenset[int] = frozenset()
    shut_out: ShutOut = NOBODY
    hidden: int = 0
    hidden_words: Mapping[int, str] = field(default_factory=dict)


async def conversation(
    post: Post,
    wanted: PageRequest | CursorRequest,
    form: Form[CommentForm],
    sort: Sort = Sort.OLDEST,
) -> Conversation:
    """Load what the current viewer sees below `post`.

    Args:
        post: a post that they may read.
        wanted: the requested page of comments.
        form: the form for a comment; gets an error if it replies to a comment that can't be
            replied to.
        sort: the order of threads.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    threads, viewer = await read(threads_page, post, wanted, sort), current_viewer()
    if not viewer.id:
        return Conversation(threads, form)
    ids = tuple(found.comment.id for found in threads.page.rows)
    about = _Subject(post.id, post.author_id, ids)
    rows = await read(_viewer_state, viewer.id, about, bool(viewer.filtered_for))
    is_followed = any(what == "followed by" for what, _ in rows)
    may = may_comment(viewer, post, is_followed=is_followed)
    parent = await parent_of_reply(form, post) if may else None
    outside = await shut_out_by_viewer(
        (post.author_id, *(found.comment.author_id for found in threads.page.rows))
    )
    hidden = next((number for what, number in rows if what == HIDDEN), 0)
    return Conversation(
        threads, form, may, parent, state_of_rows(rows), liked_comments(rows), outside, hidden,
        await comments_with_hidden_words(ids),
    )  # fmt: skip


async def _viewer_state(
    session: AsyncSession, viewer_id: int, about: _Subject, hides_people: bool
) -> Sequence[tuple[str, int]]:
    """What a user has done with a post, which of these comments they like, whether the author of
    the post follows them, and how many comments are by people they have muted or blocked."""
    values = {
        "viewer": viewer_id, "ids": [about.post_id], "post": about.post_id,
        "author": about.author_id, "comments": list(about.comment_ids),
    }  # fmt: skip
    return (await session.execute(_STATE_WITH_HIDDEN if hides_people else _STATE, values)).all()


def liked_comments(rows: Sequence[tuple[str, int]]) -> frozenset[int]:
    """The ids of liked comments in rows of the viewer's state."""
    return frozenset(row_id for what, row_id in rows if what == "liked comment")


async def comments_liked_by(
    session: AsyncSession, viewer_id: int, comment_ids: Sequence[int]
) -> frozenset[int]:
    """Which of these comments a user likes."""
    rows = await session.execute(
        _LIKED_COMMENTS, {"viewer": viewer_id, "comments": list(comment_ids)}
    )
    return liked_comments(rows.all())
