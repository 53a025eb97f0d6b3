"""Confirming an address once its owner has proved it, even before administrators decide."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountConfirmed
from blog.core.clock import now
from blog.core.events.handlers import record
from blog.models import Application, User


async def confirm_address(session: AsyncSession, user: User, address: str) -> None:
    """Confirm an address that its owner has proved; idempotent. The caller commits.

    The account of an applicant stays unconfirmed; only the proof of the address is recorded.

    Args:
        user: the account.
        address: the proved address; nothing happens if the account has a different one by now.
    """
    if user.awaits_approval:
        # Locked in the same order as a decision, which may be made at the same time.
        await session.execute(select(User.id).where(User.id == user.id).with_for_update())
        await session.execute(
            update(Application)
            .where(Application.user_id == user.id, Application.proved_at.is_(None))
            .values(proved_at=now())
        )
    confirmed = await session.scalar(
        update(User)
        .where(
            User.id == user.id,
            User.email == address,
            User.confirmed_at.is_(None),
            ~User.awaits_approval,
        )
        .values(confirmed_at=now())
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    if confirmed is not None:
        await record(session, AccountConfirmed(confirmed))
