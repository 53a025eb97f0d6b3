"""Reads of subscriptions."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Subscription, User
from blog.models.account_deletion import not_deleted


class SubscriptionTo(NamedTuple):
    """A subscription and its author."""

    subscription: Subscription
    author: User


async def subscription_by_id(session: AsyncSession, subscription_id: int) -> SubscriptionTo | None:
    """The subscription with this id, unless its author has deleted their account."""
    row = (
        await session.execute(
            select(Subscription, User)
            .join(User, User.id == Subscription.author_id)
            .where(Subscription.id == subscription_id, not_deleted(User.id))
        )
    ).one_or_none()
    return row and SubscriptionTo(*row)
