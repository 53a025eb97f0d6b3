"""What people have chosen to get by mail."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import MailPreference, NotificationKind, RefusedAddress, User
from blog.models.mail_preference import MailChoice
from blog.models.refused_address import is_stopped
from blog.notifications.mail.schedule import next_digest
from blog.notifications.mail.schemas import NO_DIGEST

# Of moderation and of exports and imports there are mails of their own, which everybody gets: they
# must be told of measures against them, and that somebody, perhaps not they, has made a copy of all
# that they have, or published something in their name.
DEFAULTS: Mapping[str, MailChoice] = {
    NotificationKind.COMMENT: MailChoice.AT_ONCE,
    NotificationKind.REPLY: MailChoice.AT_ONCE,
    NotificationKind.MENTION: MailChoice.AT_ONCE,
    NotificationKind.LIKE: MailChoice.DIGEST,
    NotificationKind.FOLLOW: MailChoice.DIGEST,
    NotificationKind.POST: MailChoice.DIGEST,
    NotificationKind.REPORT: MailChoice.DIGEST,
}


def choice_of(choices: Mapping[str, str], kind: str) -> MailChoice:
    """How somebody gets a kind of notification by mail.

    Args:
        choices: those of their `MailPreference`; empty if they have none.
        kind: the kind.
    """
    return MailChoice(choices.get(kind, DEFAULTS.get(kind, MailChoice.NEVER)))


def chosen_values(preference: MailPreference) -> dict[str, Any]:
    """What somebody has chosen, or has by default, as forms and the API name it."""
    chosen: dict[str, Any] = {str(kind): choice_of(preference.choices, kind) for kind in DEFAULTS}
    return chosen | {
        "digest": preference.digest if preference.wants_digest else NO_DIGEST,
        "weekday": preference.weekday,
        "hour": preference.hour,
        "time_zone": preference.time_zone,
    }


async def preference_of(session: AsyncSession, user_id: int) -> MailPreference:
    """What a user has chosen, or a row with the defaults that is not stored."""
    return await session.get(MailPreference, user_id) or MailPreference(
        user_id=user_id, **MailPreference.DEFAULTS
    )


async def locked_preference(session: AsyncSession, user_id: int) -> MailPreference:
    """The row of a user, added if there is none, locked until the caller commits."""
    await session.execute(insert(MailPreference).values(user_id=user_id).on_conflict_do_nothing())
    return await session.get_one(
        MailPreference, user_id, with_for_update=True, populate_existing=True
    )


async def change_preferences(
    session: AsyncSession, user_id: int, changes: Mapping[str, Any]
) -> MailPreference:
    """Change what a user gets by mail.

    Args:
        session: the transaction.
        user_id: the user.
        changes: by kind, their choice; and values of columns of `MailPreference`.

    Returns:
        All that they have chosen.
    """
    preference = await locked_preference(session, user_id)
    choices = preference.choices | {kind: changes[kind] for kind in DEFAULTS if kind in changes}
    preference.choices = {
        kind: choices[kind] for kind in choices if choices[kind] != DEFAULTS[kind]
    }
    for column in ("wants_digest", "digest", "weekday", "hour", "time_zone"):
        if column in changes:
            setattr(preference, column, changes[column])
    if preference.digest_due_at is not None:
        preference.digest_due_at = next_digest(preference, now())
    await session.commit()
    return preference


async def is_address_refused(session: AsyncSession, account: User) -> bool:
    """Whether mails to a user were stopped because their address refuses them. Until it is
    confirmed, it may be somebody else's, of which they learn nothing."""
    refused = exists().where(RefusedAddress.address == account.email, is_stopped())
    return account.is_confirmed and bool(await session.scalar(select(refused)))


async def forget_refusals(session: AsyncSession, address: str) -> None:
    """Send mails to an address again, until it refuses them again."""
    await session.execute(delete(RefusedAddress).where(RefusedAddress.address == address))
    await session.commit()
