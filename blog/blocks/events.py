"""Domain events of muting, blocking and hiding. Only the person themself may be told of them."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PersonMuted(DomainEvent):
    """A user has muted another one, who must not learn of it."""

    user_id: int
    muted_id: int


@dataclass(frozen=True)
class PersonUnmuted(DomainEvent):
    """A user sees another one again."""

    user_id: int
    muted_id: int


@dataclass(frozen=True)
class PersonBlocked(DomainEvent):
    """A user has blocked another one. Their follows of each other have ended in the same
    transaction, with a `PersonUnfollowed` each."""

    user_id: int
    blocked_id: int


@dataclass(frozen=True)
class PersonUnblocked(DomainEvent):
    """A user has lifted a block. Neither follows the other."""

    user_id: int
    blocked_id: int


@dataclass(frozen=True)
class WordHidden(DomainEvent):
    """A user hides a word, a phrase or a tag. To show it again causes no event."""

    user_id: int
    word_id: int
