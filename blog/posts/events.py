"""Domain events of posts."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PostPublished(DomainEvent):
    """A post was published, possibly again after it was unpublished."""

    post_id: int
    author_id: int


@dataclass(frozen=True)
class PostUnpublished(DomainEvent):
    """A published post was made a draft or scheduled, and is visible only to its author."""

    post_id: int
    author_id: int


@dataclass(frozen=True)
class PostChanged(DomainEvent):
    """A published post was edited, by its author or an administrator.

    Drafts have no events, because others would be notified of them.
    """

    post_id: int
    author_id: int
    changed_by: int


@dataclass(frozen=True)
class PostDeleted(DomainEvent):
    """A published post was deleted with its comments, for which there are no events."""

    post_id: int
    author_id: int
    deleted_by: int


@dataclass(frozen=True)
class PeopleMentioned(DomainEvent):
    """People were mentioned in a public text, for the first time in that text.

    At most ten people are notified of each text. Authors are not notified of themselves.

    Attributes:
        author_id: the author of the comment or post.
        comment_id: the comment; `None` if the text is the post's.
    """

    author_id: int
    post_id: int
    comment_id: int | None
    user_ids: list[int]
