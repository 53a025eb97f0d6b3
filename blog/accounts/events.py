"""Domain events of accounts."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class AccountRegistered(DomainEvent):
    """An account was registered; its address is not confirmed yet."""

    user_id: int


@dataclass(frozen=True)
class AccountConfirmed(DomainEvent):
    """The address of an account was confirmed."""

    user_id: int


@dataclass(frozen=True)
class AccountDisabled(DomainEvent):
    """An account was disabled; its posts and comments stay."""

    user_id: int


@dataclass(frozen=True)
class AccountEnabled(DomainEvent):
    """An account was enabled again."""

    user_id: int


@dataclass(frozen=True)
class AccountDeleted(DomainEvent):
    """An account was deleted with all its content, for which there are no separate events."""

    user_id: int
