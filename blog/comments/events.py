"""What can happen to a comment."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class CommentWritten(DomainEvent):
    """Somebody has commented on a post."""

    comment_id: int
    post_id: int
    author_id: int


@dataclass(frozen=True)
class CommentChanged(DomainEvent):
    """The author of a comment has changed its text."""

    comment_id: int
    post_id: int
    author_id: int


@dataclass(frozen=True)
class CommentDeleted(DomainEvent):
    """A comment is gone."""

    comment_id: int
    post_id: int
    author_id: int
