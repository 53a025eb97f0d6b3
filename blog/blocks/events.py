"""Domain events of muting and blocking. Only the person themself may be told of them.

Hidden words cause none.
"""

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
