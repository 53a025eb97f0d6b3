"""New notifications: some are mailed at once, others wait for the digest.

Each is processed once, in a transaction that also records the outcome. Only one process does this
at a time, so that nobody gets more than `MOST_AN_HOUR`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.crypto.tokens import LinkSigner
from blog.mail import outbox
from blog.models import Email, MailPreference, NotificationItem, RefusedAddress, User
from blog.models.account_deletion import not_deleted
from blog.models.mail_preference import MailChoice
from blog.models.notification import IS_NEW, NotificationMail
from blog.models.refused_address import is_stopped
from blog.notifications.mail.happenings import HAPPENINGS, Happening, happening_of_row, line_url
from blog.notifications.mail.links import notification_list
from blog.notifications.mail.preferences import choice_of, lock_preference
from blog.notifications.mail.schedule import next_digest

ITEMS_AT_ONCE = 100
MOST_AN_HOUR = 10
MESSAGE = "notification"
# An arbitrary number, the same for all workers.
LOCK = 0x6E6F74656D61696C


class Recipient(NamedTuple):
    """A user who gets notifications by email.

    Attributes:
        choices: the choices in their `MailPreference`.
        counts_likes: whether they want to see like counts.
    """

    id: int
    username: str
    email: str
    choices: Mapping[str, str]
    counts_likes: bool
    interface_language: str | None


async def process_new(session: AsyncSession, links: LinkSigner, namespace: UUID) -> int:
    """Mail the oldest new items, or defer them to the digest; the caller commits.

    Args:
        session: the transaction.
        links: signs the unsubscribe links.
        namespace: the site's namespace, for the `Message-ID`.

    Returns:
        The number of items, at most `ITEMS_AT_ONCE`.
    """
    await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    new = HAPPENINGS.where(IS_NEW).order_by(NotificationItem.id).limit(ITEMS_AT_ONCE)
    happenings = [happening_of_row(row) for row in await session.execute(new)]
    if not happenings:
        return 0
    recipients = await recipients_of(session, {each.user_id for each in happenings})
    sent = await _count_recent_mails(session, recipients.values())
    waiting: list[Happening] = []
    for each in happenings:
        recipient = recipients.get(each.user_id)
        if recipient is None or each.line.read_at is not None or not each.is_visible:
            continue
        choice = choice_of(recipient.choices, each.kind)
        may_mail = choice == MailChoice.AT_ONCE and sent[recipient.email] < MOST_AN_HOUR
        if may_mail and await _send(session, recipient, each, links, namespace):
            sent[recipient.email] += 1
        elif choice != MailChoice.NEVER:
            waiting.append(each)
    await _set_mail_state(session, happenings, None)
    await _defer_to_digests(session, waiting)
    return len(happenings)


async def recipients_of(session: AsyncSession, user_ids: Iterable[int]) -> dict[int, Recipient]:
    """The users who may be sent emails: their address is confirmed, and accepts them."""
    refuses = exists().where(RefusedAddress.address == User.email, is_stopped())
    rows = await session.execute(
        select(
            User.id,
            User.username,
            User.email,
            MailPreference.choices,
            User.hides_like_counts,
            User.interface_language,
        )
        .outerjoin(MailPreference, MailPreference.user_id == User.id)
        .where(
            User.id.in_(user_ids),
            User.confirmed_at.is_not(None),
            User.disabled_at.is_(None),
            not_deleted(User.id),
            ~refuses,
        )
    )
    return {
        row.id: Recipient(
            row.id,
            row.username,
            row.email,
            row.choices or {},
            not row.hides_like_counts,
            row.interface_language,
        )
        for row in rows
    }


async def _count_recent_mails(
    session: AsyncSession, recipients: Iterable[Recipient]
) -> Counter[str]:
    """Count the notifications mailed at once to each address in the last hour."""
    sent = (
        select(Email.recipient, func.count())
        .where(
            Email.recipient.in_([recipient.email for recipient in recipients]),
            Email.purpose == MESSAGE,
            Email.created_at > now() - timedelta(hours=1),
        )
        .group_by(Email.recipient)
    )
    rows = await session.execute(sent)
    return Counter({row[0]: row[1] for row in rows})


async def _send(
    session: AsyncSession, recipient: Recipient, new: Happening, links: LinkSigner,
    namespace: UUID,
) -> bool:  # fmt: skip
    """Queue an email; returns `False` if the address has reached its limit."""
    mail = await outbox.put(
        session, to=recipient.email, language=recipient.interface_language, message=MESSAGE,
        happening=new, link=line_url(new.line, recipient.username),
        mailing_list=notification_list(recipient.id, new.kind, links),
        thread=new.thread(namespace), post_id=new.post and new.post.id,
        comment_id=new.line.newest.comment_id, notification_items=[new.id],
    )  # fmt: skip
    return mail is not None


async def _defer_to_digests(session: AsyncSession, happenings: Iterable[Happening]) -> None:
    """Defer items to the digests of people who want one."""
    by_user: dict[int, list[Happening]] = {}
    for each in happenings:
        by_user.setdefault(each.user_id, []).append(each)
    for user_id in sorted(by_user):
        preference = await lock_preference(session, user_id)
        if not preference.wants_digest:
            continue
        if preference.digest_due_at is None:
            preference.digest_due_at = next_digest(preference, now())
        await _set_mail_state(session, by_user[user_id], NotificationMail.DIGEST)


async def _set_mail_state(
    session: AsyncSession, happenings: Iterable[Happening], state: NotificationMail | None
) -> None:
    await session.execute(
        update(NotificationItem)
        .where(NotificationItem.id.in_([each.id for each in happenings]))
        .values(mail=state)
        .execution_options(synchronize_session=False)
    )
