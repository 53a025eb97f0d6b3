"""Domain events of posts."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PostPublished(DomainEvent):
    """Somebody has published a post, perhaps one that was published before and taken back."""

    post_id: int
    author_id: int


@dataclass(frozen=True)
class PostUnpublished(DomainEvent):
    """A published post is a draft again, or scheduled, and its author's alone."""

    post_id: int
    author_id: int


@dataclass(frozen=True)
class PostChanged(DomainEvent):
    """A published post has changed: its author has edited it, or somebody who may.

    Of drafts there are no events, which others would hear of.
    """

    post_id: int
    author_id: int
    changed_by: int


@dataclass(frozen=True)
class PostDeleted(DomainEvent):
    """A published post is gone, and the comments below it, of which there are no events."""

    post_id: int
    author_id: int
    deleted_by: int
