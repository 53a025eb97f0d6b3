"""Domain events of likes. Bookmarks are private, so they have none."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PostLiked(DomainEvent):
    """A user likes a post."""

    user_id: int
    post_id: int


@dataclass(frozen=True)
class PostUnliked(DomainEvent):
    """A user removed their like of a post."""

    user_id: int
    post_id: int


@dataclass(frozen=True)
class CommentLiked(DomainEvent):
    """A user likes a comment."""

    user_id: int
    comment_id: int


@dataclass(frozen=True)
class CommentUnliked(DomainEvent):
    """A user removed their like of a comment."""

    user_id: int
    comment_id: int
