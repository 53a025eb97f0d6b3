"""What people have chosen to get by mail."""

from collections.abc import Mapping

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.models import MailPreference, NotificationKind, RefusedAddress
from blog.models.mail_preference import MailChoice
from blog.models.refused_address import is_stopped
from blog.notifications.mail.schedule import next_digest
from blog.notifications.mail.schemas import PreferencesForm

# Of moderation and of exports and imports there are mails of their own, which everybody gets.
DEFAULTS = {
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
    default = DEFAULTS.get(NotificationKind(kind), MailChoice.NEVER)
    return MailChoice(choices.get(kind, default))


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


async def save_preferences(session: AsyncSession, viewer: Viewer, form: PreferencesForm) -> None:
    """Change what the viewer gets by mail."""
    preference = await locked_preference(session, viewer.id)
    preference.choices = {
        kind: choice for kind in DEFAULTS if (choice := getattr(form, kind)) != DEFAULTS[kind]
    }
    preference.wants_digest = form.digest is not None
    preference.digest = form.digest or preference.digest
    preference.weekday, preference.hour = form.weekday, form.hour
    preference.time_zone = form.time_zone
    if preference.digest_due_at is not None:
        preference.digest_due_at = next_digest(preference, now())
    await session.commit()


async def choose(
    session: AsyncSession, user_id: int, kind: NotificationKind, choice: MailChoice
) -> None:
    """Change how a user gets one kind."""
    preference = await locked_preference(session, user_id)
    preference.choices = preference.choices | {kind: choice}
    await session.commit()


async def choose_digest(session: AsyncSession, user_id: int, *, wanted: bool) -> None:
    """Change whether a user gets digests."""
    (await locked_preference(session, user_id)).wants_digest = wanted
    await session.commit()


async def is_address_refused(session: AsyncSession, address: str) -> bool:
    """Whether mails to an address were stopped because it refuses them."""
    refused = exists().where(RefusedAddress.address == address, is_stopped())
    return bool(await session.scalar(select(refused)))


async def forget_refusals(session: AsyncSession, address: str) -> None:
    """Send mails to an address again, until it refuses them again."""
    await session.execute(delete(RefusedAddress).where(RefusedAddress.address == address))
    await session.commit()
