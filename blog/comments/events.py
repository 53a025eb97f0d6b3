"""Domain events of comments."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class CommentWritten(DomainEvent):
    """A comment was published; a reply if it has a parent."""

    comment_id: int
    post_id: int
    author_id: int
    parent_id: int | None


@dataclass(frozen=True)
class CommentChanged(DomainEvent):
    """The text of a comment was edited by its author."""

    comment_id: int
    post_id: int
    author_id: int


@dataclass(frozen=True)
class CommentRemoved(DomainEvent):
    """The author of a post removed another person's comment from it."""

    comment_id: int
    post_id: int
    author_id: int
    removed_by: int


@dataclass(frozen=True)
class CommentDeleted(DomainEvent):
    """A comment was deleted."""

    comment_id: int
    post_id: int
    author_id: int
