"""Single items of notifications, as mailed at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from blog.core.text.shortening import plain_text, shorten
from blog.core.web.urls import external_url
from blog.mail.message import Thread, message_id_about
from blog.models import Comment, Notification, NotificationItem, NotificationKind, Post, User
from blog.models.account_deletion import not_deleted
from blog.models.block import hidden_from
from blog.models.post import is_public
from blog.notifications.queries import Actor, Item, Line, PostReference
from blog.notifications.wording import sentence
from blog.posts.addresses import absolute_post_url

# In characters, of a subject, of a title in it, and of a text.
LONGEST_SUBJECT, LONGEST_TITLE, LONGEST_TEXT = 150, 100, 600


class Happening(NamedTuple):
    """One item of a notification.

    Attributes:
        line: a line with this item alone.
        is_visible: whether its subject is public, and the user wants to hear of its actor.
        path: the ids of the comments above the comment and its own, if it is a reply.
        html: the HTML of the comment.
    """

    id: int
    user_id: int
    line: Line
    is_visible: bool
    path: Sequence[int] | None
    html: str | None

    @property
    def kind(self) -> NotificationKind:
        """The kind of the notification."""
        return self.line.kind

    @property
    def post(self) -> PostReference | None:
        """The post that it is about."""
        return self.line.newest.post

    @property
    def headline(self) -> str:
        """A sentence about what happened."""
        return sentence(self.line)

    @property
    def quotation(self) -> str:
        """The beginning of the comment, on one line."""
        return plain_text(self.html, LONGEST_TEXT) if self.html and self.is_conversation else ""

    @property
    def is_conversation(self) -> bool:
        """Whether it is part of the conversation on a post."""
        return self.post is not None and self.kind != NotificationKind.LIKE

    @property
    def subject(self) -> str:
        """The subject of the email, the same throughout a thread: some email clients compare it."""
        if not self.is_conversation or self.post is None or not self.post.title:
            return shorten(self.headline, LONGEST_SUBJECT)
        return f"Re: {shorten(self.post.title, LONGEST_TITLE)}"

    def thread(self, namespace: UUID) -> Thread | None:
        """The position of the email in the thread about its post.

        Args:
            namespace: the site's namespace.
        """
        if not self.is_conversation or self.post is None:
            return None
        root, comment_id = (
            message_id_about(namespace, "post", self.post.id),
            self.line.newest.comment_id,
        )
        if comment_id is None:
            return Thread(root)
        above = [message_id_about(namespace, "comment", each) for each in (self.path or ())[:-1]]
        return Thread(message_id_about(namespace, "comment", comment_id), (root, *above))


_IS_VISIBLE: ColumnElement[bool] = and_(
    or_(
        NotificationItem.actor_id.is_(None),
        and_(
            not_deleted(NotificationItem.actor_id),
            ~hidden_from(NotificationItem.user_id, NotificationItem.actor_id),
        ),
    ),
    or_(NotificationItem.post_id.is_(None), and_(is_public(Post), not_deleted(Post.author_id))),
    or_(
        NotificationItem.comment_id.is_(None),
        and_(
            Comment.disabled_at.is_(None), Comment.author_id.is_not(None),
            not_deleted(Comment.author_id),
        ),
    ),
)  # fmt: skip
_ACTOR = (User.id, User.username, User.name)
_POST = (Post.id, Post.slug, Post.title)
HAPPENINGS: Select[*tuple[Any, ...]] = (
    select(
        NotificationItem.id, NotificationItem.user_id, Notification.id, Notification.kind,
        Notification.comment_id, NotificationItem.created_at, Notification.read_at, _IS_VISIBLE,
        NotificationItem.comment_id, Comment.path, Comment.body_html, *_ACTOR, *_POST,
    )
    .join(Notification, Notification.id == NotificationItem.notification_id)
    .outerjoin(User, User.id == NotificationItem.actor_id)
    .outerjoin(Post, Post.id == NotificationItem.post_id)
    .outerjoin(Comment, Comment.id == NotificationItem.comment_id)
)  # fmt: skip


def happening_of_row(row: Sequence[Any]) -> Happening:
    """Convert a row of `HAPPENINGS`."""
    item_id, user_id, line_id, kind, subject_id, created_at, read_at, is_visible, *others = row
    comment_id, path, html, actor_id, username, name, post_id, slug, title = others
    actor = Actor(actor_id, username, "", name) if actor_id is not None else None
    post = PostReference(post_id, slug, title, False) if post_id is not None else None
    item = Item(actor, post, comment_id, False, None, None, None)
    line = Line(line_id, NotificationKind(kind), post, subject_id, created_at, read_at, 1, (item,))
    return Happening(item_id, user_id, line, is_visible, path, html)


def line_url(line: Line, username: str) -> str:
    """The URL of the page that a line links to, without a request, which `wording.address` needs.

    Args:
        line: the line.
        username: the recipient's username.
    """
    newest = line.newest
    comment_id = newest.comment_id if line.kind != NotificationKind.LIKE else line.comment_id
    if line.kind == NotificationKind.REPORT:
        return external_url("report_queue.open_reports")
    if line.kind == NotificationKind.FOLLOW and line.count == 1 and newest.actor:
        return external_url("site.profile", username=newest.actor.username)
    if line.kind == NotificationKind.FOLLOW:
        return external_url("follows.followers", username=username)
    if comment_id is not None:
        return external_url("comments.show", comment_id=comment_id)
    if newest.post is not None:
        return absolute_post_url(newest.post.id, newest.post.slug)
    return external_url("notifications.index")
