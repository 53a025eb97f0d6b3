"""What can happen to a post."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PostPublished(DomainEvent):
    """Somebody has published a post."""

    post_id: int
    author_id: int


@dataclass(frozen=True)
class PostChanged(DomainEvent):
    """A post has another text now; its author has changed it, or somebody who may."""

    post_id: int
    author_id: int
    changed_by: int


@dataclass(frozen=True)
class PostDeleted(DomainEvent):
    """A post is gone, and the comments below it, of which there are no events."""

    post_id: int
    author_id: int
    deleted_by: int
