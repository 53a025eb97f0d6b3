"""Domain events of administration."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class AccountCreated(DomainEvent):
    """The operator created an account."""

    user_id: int


@dataclass(frozen=True)
class RoleChanged(DomainEvent):
    """The role of an account was changed."""

    user_id: int
