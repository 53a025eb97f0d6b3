"""Adding the row of an account."""

from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.registration.uniqueness import uniqueness_error
from blog.accounts.registration.usernames import fold
from blog.models import Role, User


async def insert_account(
    session: AsyncSession, email: str, username: str, password_hash: str, role: Role, *,
    submission: UUID | None = None, **facts: Any,
) -> User:  # fmt: skip
    """Add an account; the caller commits.

    Args:
        facts: further columns.

    Raises:
        InvalidFieldsError: the email address or username is taken, ignoring case, or the username
            looks like an existing one, or the form was submitted before.
    """
    user = User(
        email=email, username=username, username_fold=fold(username), password_hash=password_hash,
        role=role, submission=submission, **facts,
    )  # fmt: skip
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise uniqueness_error(error) from None
    return user
