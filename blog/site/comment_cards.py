"""Comments as immutable values with everything that a post's page shows of them.

Equal values look the same, so their HTML is cached (`blog.core.web.fragments`).
"""

from typing import NamedTuple

from blog.comments.conversation import Conversation
from blog.comments.policies import (
    may_delete_comment,
    may_edit_comment,
    may_moderate_comment,
    may_remove_comment,
    may_report_comment,
)
from blog.comments.shown_text import ShownText, shown_text
from blog.comments.threads import Node, Sort, ThreadComment
from blog.core.auth.viewer import Viewer
from blog.models import Post
from blog.reactions.policies import may_like_comment, shows_like_counts
from blog.site.blueprint import blueprint


class Place(NamedTuple):
    """The page that a comment is on.

    Attributes:
        id, slug: those of the post.
        page, sort: the parameters of its URL; `None` for the default.
        here: its URL.
    """

    id: int
    slug: str | None
    page: int | None
    sort: Sort | None
    here: str


class Actions(NamedTuple):
    """What a viewer with an account may do with a comment.

    Attributes:
        answer: whether they may reply to it and quote it.
        shut_out: whether they may mute or block its author.
        moderate: whether they may disable or enable it.
        place: the page with the buttons.
    """

    like: bool
    is_liked: bool
    answer: bool
    edit: bool
    delete: bool
    remove: bool
    report: bool
    shut_out: bool
    moderate: bool
    place: Place


class CommentCard(NamedTuple):
    """A comment as a viewer sees it: an immutable value.

    Attributes:
        text: the text that they may read.
        is_beside_parent, parent_author: as in `Node`.
        author_is: "muted" or "blocked" if they have muted or blocked its author.
        hidden_word: the hidden word because of which it is collapsed.
        likes: the number of likes; 0 if they hide like counts.
        actions: their actions; `None` if they are not logged in.
    """

    comment: ThreadComment
    text: ShownText
    is_beside_parent: bool
    parent_author: str | None
    author_is: str
    hidden_word: str
    likes: int
    actions: Actions | None


class CardMaker:
    """Builds the cards of the comments on a page.

    Args:
        post: their post.
        below: the page of comments.
        viewer: the viewer.
        here: the URL of the page.
    """

    def __init__(self, post: Post, below: Conversation, viewer: Viewer, here: str) -> None:
        page, sort = below.threads.page.number, below.threads.sort
        self._post, self._below, self._viewer = post, below, viewer
        self._place = Place(
            post.id,
            post.slug,
            page if page != 1 else None,
            sort if sort is not Sort.OLDEST else None,
            here,
        )
        self._shows_likes = shows_like_counts()

    def card(self, node: Node) -> CommentCard:
        """Build the card of a comment on the page."""
        comment, out = node.comment, self._below.shut_out
        text = shown_text(self._viewer, comment, self._post)
        author_is = "muted" if comment.author_id in out.muted else ""
        if comment.author_id in out.blocked:
            author_is = "blocked"
        return CommentCard(
            comment,
            text,
            node.is_beside_parent,
            node.parent_author,
            author_is,
            self._below.hidden_words.get(comment.id, ""),
            comment.like_count if self._shows_likes else 0,
            self._actions(comment, is_own=text.is_own) if self._viewer.account else None,
        )

    def _actions(self, comment: ThreadComment, *, is_own: bool) -> Actions:
        post, viewer = self._post, self._viewer
        return Actions(
            like=may_like_comment(viewer, comment, post),
            is_liked=comment.id in self._below.liked,
            answer=self._below.may_comment and not comment.is_disabled,
            edit=may_edit_comment(viewer, comment, post),
            delete=may_delete_comment(viewer, comment, post),
            remove=may_remove_comment(viewer, comment, post),
            report=may_report_comment(comment, post),
            shut_out=not is_own and not viewer.is_unconfirmed,
            moderate=may_moderate_comment(viewer, comment),
            place=self._place,
        )


blueprint.add_app_template_global(CardMaker, "comment_cards")
