"""Domain events of follows."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PersonFollowed(DomainEvent):
    """A user has followed another one."""

    follower_id: int
    followed_id: int


@dataclass(frozen=True)
class PersonUnfollowed(DomainEvent):
    """A user has unfollowed another one."""

    follower_id: int
    followed_id: int
