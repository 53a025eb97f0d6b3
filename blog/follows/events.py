"""What can happen between two people."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PersonFollowed(DomainEvent):
    """Somebody follows a person from now on."""

    follower_id: int
    followed_id: int


@dataclass(frozen=True)
class PersonUnfollowed(DomainEvent):
    """Somebody follows a person no longer."""

    follower_id: int
    followed_id: int
