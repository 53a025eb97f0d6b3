"""The choices of people about notifications by email."""

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

# Moderation, exports and imports have separate emails, which can't be turned off: people must learn
# of measures against them, and that someone, perhaps not they, has made a copy of all their data,
# or published something in their name.
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
    """How a person gets a kind of notification by email.

    Args:
        choices: the choices in their `MailPreference`; empty if they have none.
        kind: the kind.
    """
    return MailChoice(choices.get(kind, DEFAULTS.get(kind, MailChoice.NEVER)))


def chosen_values(preference: MailPreference) -> dict[str, Any]:
    """A person's choices, or the defaults, by the names in forms and the API."""
    chosen: dict[str, Any] = {str(kind): choice_of(preference.choices, kind) for kind in DEFAULTS}
    return chosen | {
        "digest": preference.digest if preference.wants_digest else NO_DIGEST,
        "weekday": preference.weekday,
        "hour": preference.hour,
        "time_zone": preference.time_zone,
    }


async def load_preference(session: AsyncSession, user_id: int) -> MailPreference:
    """Load a user's choices, or a row with the defaults that isn't stored."""
    return await session.get(MailPreference, user_id) or MailPreference(
        user_id=user_id, **MailPreference.DEFAULTS
    )


async def lock_preference(session: AsyncSession, user_id: int) -> MailPreference:
    """Lock a user's row until the caller commits; it is added if there is none."""
    await session.execute(insert(MailPreference).values(user_id=user_id).on_conflict_do_nothing())
    return await session.get_one(
        MailPreference, user_id, with_for_update=True, populate_existing=True
    )


async def change_preferences(
    session: AsyncSession, user_id: int, changes: Mapping[str, Any]
) -> MailPreference:
    """Change which notifications a user gets by email.

    Args:
        session: the transaction.
        user_id: the user.
        changes: their choices by kind, and values of columns of `MailPreference`.

    Returns:
        All their choices.
    """
    preference = await lock_preference(session, user_id)
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
    """Whether emails to a user were stopped because their address refuses them. `False` for an
    unconfirmed address, because it may be someone else's."""
    refused = exists().where(RefusedAddress.address == account.email, is_stopped())
    return account.is_confirmed and bool(await session.scalar(select(refused)))


async def forget_refusals(session: AsyncSession, address: str) -> None:
    """Send emails to an address again, until it refuses them again."""
    await session.execute(delete(RefusedAddress).where(RefusedAddress.address == address))
    await session.commit()
