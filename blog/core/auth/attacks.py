"""Accounts whose password someone has tried to guess."""

from datetime import timedelta

from blog.core.clock import now
from blog.models import User

WARNING_PERIOD = timedelta(days=30)


def was_attacked(user: User) -> bool:
    """Whether so many wrong passwords were tried lately that the limit for all addresses was
    reached.

    `blog.accounts.login.warnings` records it.
    """
    return user.attacked_at is not None and now() - user.attacked_at < WARNING_PERIOD
