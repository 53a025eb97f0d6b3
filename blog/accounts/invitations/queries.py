"""Queries for invitations."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

from blog.core.clock import now
from blog.models import Invitation, User
from blog.models.account_deletion import not_deleted

PERIOD = timedelta(days=30)
SHOWN = 100
# The tree of a site may have any number of levels; this many are shown above a person.
MOST_ANCESTORS = 20


class Invited(NamedTuple):
    """A person in the tree.

    Attributes:
        number: how many people they have invited themselves.
    """

    user: User
    number: int


async def invitations_of(session: AsyncSession, user_id: int) -> Sequence[Invitation]:
    """The newest invitations of a user, with the invitees, up to a hundred."""
    rows = await session.scalars(
        select(Invitation)
        .where(Invitation.inviter_id == user_id)
        .order_by(Invitation.id.desc())
        .limit(SHOWN)
        .options(joinedload(Invitation.invitee.and_(not_deleted(User.id))))
    )
    return rows.all()


async def count_recent_invitations(session: AsyncSession, user_id: int) -> int:
    """Count the invitations that a user has created within `PERIOD`, including withdrawn ones."""
    number = await session.scalar(
        select(func.count()).where(
            Invitation.inviter_id == user_id, Invitation.created_at > now() - PERIOD
        )
    )
    return number or 0


async def inviter_name(session: AsyncSession, inviter_id: int) -> str | None:
    """The username of an inviter; `None` if the account is gone."""
    return await session.scalar(
        select(User.username).where(User.id == inviter_id, not_deleted(User.id))
    )


async def inviters_of(session: AsyncSession, user: User) -> Sequence[User]:
    """The chain of inviters of a user: their inviter first, then the inviter's, and so on."""
    chain = (
        select(User.id, User.invited_by_id, literal(0).label("depth"))
        .where(User.id == user.id)
        .cte("chain", recursive=True)
    )
    above = aliased(User)
    chain = chain.union_all(
        select(above.id, above.invited_by_id, chain.c.depth + 1)
        .join(chain, chain.c.invited_by_id == above.id)
        .where(chain.c.depth < MOST_ANCESTORS)
    )
    rows = await session.scalars(
        select(User)
        .join(chain, chain.c.id == User.id)
        .where(chain.c.depth > 0, not_deleted(User.id))
        .order_by(chain.c.depth)
    )
    return rows.all()


async def invited_by(session: AsyncSession, user: User | None) -> Sequence[Invited]:
    """The people that a user has invited, the newest first, up to a hundred.

    Args:
        user: the inviter; `None` for the invitees of all users.
    """
    below = aliased(User)
    number = select(func.count()).where(below.invited_by_id == User.id).scalar_subquery()
    is_invited = User.invited_by_id.is_not(None) if user is None else User.invited_by_id == user.id
    rows = await session.execute(
        select(User, number)
        .where(is_invited, not_deleted(User.id))
        .order_by(User.id.desc())
        .limit(SHOWN)
    )
    return [Invited(*row) for row in rows]
