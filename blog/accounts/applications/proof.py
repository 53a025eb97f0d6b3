"""What follows from a proved address, also while administrators have not decided."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountConfirmed
from blog.core.clock import now
from blog.core.events.handlers import record
from blog.models import Application, User


async def confirm_address(session: AsyncSession, user: User, address: str) -> None:
    """Confirm an address that its owner has proved; idempotent. The caller commits.

    The account of an applicant stays unconfirmed; that the address is theirs is noted.

    Args:
        user: the account.
        address: the one that was proved; if the account has another one by now, nothing happens.
    """
    if user.awaits_approval:
        # In the order of a decision, which might be taken at this moment.
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
