"""Domain events of muting, blocking and hiding. Only the person who does it may learn of them."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PersonMuted(DomainEvent):
    """A user has muted another user, who must not learn of it."""

    user_id: int
    muted_id: int


@dataclass(frozen=True)
class PersonUnmuted(DomainEvent):
    """A user has unmuted another user."""

    user_id: int
    muted_id: int


@dataclass(frozen=True)
class PersonBlocked(DomainEvent):
    """A user has blocked another user.

    Follows between them were removed in the same transaction, with a `PersonUnfollowed` each.
    """

    user_id: int
    blocked_id: int


@dataclass(frozen=True)
class PersonUnblocked(DomainEvent):
    """A user has lifted a block. Neither follows the other."""

    user_id: int
    blocked_id: int


@dataclass(frozen=True)
class WordHidden(DomainEvent):
    """A user has hidden a word, a phrase or a tag. Showing it again causes no event."""

    user_id: int
    word_id: int
