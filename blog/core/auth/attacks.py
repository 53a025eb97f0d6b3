"""Accounts whose password others have tried to guess."""

from datetime import timedelta

from blog.core.clock import now
from blog.models import User

TOLD_FOR = timedelta(days=30)


def was_attacked(user: User) -> bool:
    """Whether so many wrong passwords were tried lately that their number was limited everywhere.

    `blog.accounts.login.warnings` notes it.
    """
    return user.attacked_at is not None and now() - user.attacked_at < TOLD_FOR
