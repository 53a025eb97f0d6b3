"""Digests: one email with everything that waited for it, at the time its recipient has chosen."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.crypto.tokens import LinkSigner
from blog.core.i18n import using_language
from blog.core.text.shortening import shorten
from blog.core.web.languages import language_for
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import MailPreference, NotificationItem
from blog.models.mail_preference import MailChoice
from blog.models.notification import WAITS_FOR_DIGEST
from blog.notifications.mail.at_once import Recipient, recipients_of
from blog.notifications.mail.happenings import line_url
from blog.notifications.mail.links import notification_list
from blog.notifications.mail.preferences import DEFAULTS, choice_of
from blog.notifications.mail.schedule import effective_sent_at
from blog.notifications.queries import waiting_lines
from blog.notifications.wording import sentence

# Lines in a digest; further ones are on the site.
MOST_LINES = 30
LONGEST_SUBJECT = 100


async def send_next_digest(session: AsyncSession, links: LinkSigner) -> bool:
    """Send the digest that has been due longest, and clear the items that waited for it; the caller
    commits.

    Returns:
        Whether one was due.
    """
    current_time = now()
    due = (
        select(MailPreference)
        .where(MailPreference.digest_due_at <= current_time)
        .order_by(MailPreference.digest_due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    preference = await session.scalar(due)
    if preference is None or preference.digest_due_at is None:
        return False
    recipients = await recipients_of(session, [preference.user_id])
    recipient = recipients.get(preference.user_id)
    if (
        recipient is not None
        and preference.wants_digest
        and await _send(session, recipient, preference, links)
    ):
        preference.digest_sent_at = effective_sent_at(preference.digest_due_at, current_time)
    preference.digest_due_at = None
    await session.execute(
        update(NotificationItem)
        .where(NotificationItem.user_id == preference.user_id, WAITS_FOR_DIGEST)
        .values(mail=None)
        .execution_options(synchronize_session=False)
    )
    return True


async def _send(
    session: AsyncSession, recipient: Recipient, preference: MailPreference, links: LinkSigner
) -> bool:
    """Queue a digest; returns `False` if there was nothing to put in it."""
    # Items of a kind that the user has turned off may still be waiting.
    kinds = [kind for kind in DEFAULTS if choice_of(recipient.choices, kind) != MailChoice.NEVER]
    waiting = await waiting_lines(session, recipient.id, kinds, MOST_LINES + 1)
    with using_language(language_for(recipient.interface_language)):
        lines = [
            (
                sentence(line, counts_likes=recipient.counts_likes),
                line_url(line, recipient.username),
            )
            for line in waiting
        ]
    if not lines:
        return False
    waiting_items = select(NotificationItem.id).where(
        NotificationItem.user_id == recipient.id, WAITS_FOR_DIGEST
    )
    await outbox.put(
        session, to=recipient.email, language=recipient.interface_language, message="digest",
        username=recipient.username, lines=lines[:MOST_LINES],
        has_more=len(lines) > MOST_LINES, period=preference.digest,
        headline=shorten(lines[0][0], LONGEST_SUBJECT), link=external_url("notifications.index"),
        mailing_list=notification_list(recipient.id, None, links),
        notification_items=(await session.scalars(waiting_items)).all(),
    )  # fmt: skip
    return True
