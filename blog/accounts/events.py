"""What can happen to an account."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class AccountRegistered(DomainEvent):
    """Somebody has registered; the address is not confirmed yet."""

    user_id: int


@dataclass(frozen=True)
class AccountConfirmed(DomainEvent):
    """Somebody has proved that the address of the account is theirs."""

    user_id: int


@dataclass(frozen=True)
class AccountDeleted(DomainEvent):
    """An account is gone with all that its person wrote, of which there are no events."""

    user_id: int
