"""Subscribing to an author's posts by email. Each function is one transaction."""

from datetime import timedelta

from sqlalchemy import delete, func, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.db.deleting import BATCH, delete_rows
from blog.core.errors import TooManyRequestsError
from blog.core.web.rate_limits import Bucket, Quota, take_one
from blog.mail import outbox
from blog.models import RefusedAddress, Subscription, User
from blog.models.account_deletion import not_deleted
from blog.models.refused_address import is_stopped
from blog.subscriptions.links import CONFIRMABLE, confirmation_link, mailing_list

# How long people who have unsubscribed can change their mind.
KEPT_AFTER_END = timedelta(days=30)
# Per address, for all authors together, because its owner may not have asked for any of them.
CONFIRMATIONS = Quota("confirmations of subscriptions", 3, 24 * 3600)


async def ask(
    session: AsyncSession, author: User, email: str, links: LinkSigner, *, language: str
) -> None:
    """Send a link that subscribes an address to an author's posts.

    The response must not depend on whether the address is subscribed already, or has reached the
    limit for these emails, so that nobody can find out who is subscribed.

    Args:
        session: the transaction.
        author: the author.
        email: the address.
        links: signs the link.
        language: the current language of the visitor, in which the emails will be.
    """
    subscription = await _upsert_subscription(session, author, email, language)
    try:
        await take_one(session, Bucket(CONFIRMATIONS, email))
    except TooManyRequestsError:
        await session.commit()
        return
    is_active = subscription.confirmed_at is not None
    await outbox.put(
        session, to=email, message="confirm_subscription", about=str(author.id), author=author,
        language=language,
        link=None if is_active else confirmation_link(subscription, links),
        mailing_list=mailing_list(subscription, author, links) if is_active else None,
    )  # fmt: skip
    await session.commit()


async def _upsert_subscription(
    session: AsyncSession, author: User, email: str, language: str
) -> Subscription:
    """Create or renew the row for an address; unless it is active, it has to be confirmed again.

    An active one keeps its language, because anyone can enter this address.
    """
    row = insert(Subscription).values(author_id=author.id, email=email, language=language)
    fresh = {
        "asked_at": func.now(), "confirmed_at": None, "ended_at": None, "language": language,
    }  # fmt: skip
    is_inactive = or_(Subscription.confirmed_at.is_(None), Subscription.ended_at.is_not(None))
    await session.execute(
        row.on_conflict_do_update(
            index_elements=[Subscription.author_id, Subscription.email],
            set_=fresh, where=is_inactive,
        )
    )  # fmt: skip
    which = (Subscription.author_id == author.id, Subscription.email == email)
    return (await session.scalars(select(Subscription).where(*which))).one()


async def confirm(session: AsyncSession, subscription_id: int) -> None:
    """Confirm a subscription; confirming it again has no effect.

    Raises:
        InvalidTokenError: it was ended or deleted, or its author has deleted their account.
    """
    confirmed = await session.scalar(
        update(Subscription)
        .where(
            Subscription.id == subscription_id,
            Subscription.ended_at.is_(None),
            not_deleted(Subscription.author_id),
        )
        .values(confirmed_at=func.coalesce(Subscription.confirmed_at, func.now()))
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    if confirmed is None:
        raise InvalidTokenError
    await session.commit()


async def end(session: AsyncSession, subscription_id: int) -> None:
    """End a subscription; ending it again has no effect."""
    await session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.ended_at.is_(None))
        .values(ended_at=func.now())
        .execution_options(synchronize_session=False)
    )
    await session.commit()


async def resume(session: AsyncSession, subscription_id: int) -> None:
    """Resume a subscription that was ended.

    Raises:
        InvalidTokenError: it was deleted in the meantime.
    """
    resumed = await session.scalar(
        update(Subscription)
        .where(Subscription.id == subscription_id, not_deleted(Subscription.author_id))
        .values(ended_at=None)
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    if resumed is None:
        raise InvalidTokenError
    await session.commit()


async def delete_ended(session: AsyncSession) -> int:
    """Delete a batch of subscriptions that were not confirmed in time, ended a while ago, or whose
    address refuses mail; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    conditions = (
        (Subscription.confirmed_at.is_(None), Subscription.asked_at < func.now() - CONFIRMABLE),
        (Subscription.ended_at < func.now() - KEPT_AFTER_END,),
        (Subscription.email == RefusedAddress.address, is_stopped()),
    )
    # Each condition has its own index.
    found = union_all(*(select(Subscription.id).where(*each).limit(BATCH) for each in conditions))
    old = select(found.subquery().c.id).limit(BATCH)
    return await delete_rows(session, delete(Subscription).where(Subscription.id.in_(old)))
