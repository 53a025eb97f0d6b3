"""What administrators can do to an account."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class AccountCreated(DomainEvent):
    """The operator has made an account for somebody."""

    user_id: int


@dataclass(frozen=True)
class AccountDisabled(DomainEvent):
    """Somebody was shut out; what they wrote stays."""

    user_id: int


@dataclass(frozen=True)
class AccountEnabled(DomainEvent):
    """Somebody was let in again."""

    user_id: int


@dataclass(frozen=True)
class RoleChanged(DomainEvent):
    """Somebody has another role."""

    user_id: int
