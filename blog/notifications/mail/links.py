"""The links in mails that notify people: each ends one kind of them.

Such a link does not expire. It names the kind and the person, and works no matter who is logged in.
"""

from typing import NamedTuple

from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.i18n import lazy_gettext
from blog.core.web.urls import external_url
from blog.mail.lists import MailingList
from blog.models import NotificationKind

UNSUBSCRIBE = "unsubscribe from notifications"
DIGEST = "digest"
REASONS = {
    NotificationKind.COMMENT: lazy_gettext(
        "You're getting this because someone commented on your post."
    ),
    NotificationKind.REPLY: lazy_gettext(
        "You're getting this because someone replied to your comment."
    ),
    NotificationKind.MENTION: lazy_gettext("You're getting this because someone mentioned you."),
    NotificationKind.LIKE: lazy_gettext(
        "You're getting this because someone liked what you wrote."
    ),
    NotificationKind.FOLLOW: lazy_gettext("You're getting this because someone followed you."),
    NotificationKind.POST: lazy_gettext(
        "You're getting this because you asked to hear about this author's posts."
    ),
    NotificationKind.REPORT: lazy_gettext("You're getting this because you're a moderator."),
}
DIGEST_REASON = lazy_gettext("This is your summary of what's new.")


class Unsubscription(NamedTuple):
    """What a link ends: mails of a kind to a user, or with `None` their digests."""

    user_id: int
    kind: NotificationKind | None


def notification_list(
    user_id: int, kind: NotificationKind | None, links: LinkSigner
) -> MailingList:
    """The list that a notification of a kind belongs to, or with `None` a digest."""
    token = links.sign(UNSUBSCRIBE, {"user": user_id, "kind": kind or DIGEST})
    return MailingList(
        name=f"{kind or DIGEST}.notifications",
        reason=REASONS[kind] if kind else DIGEST_REASON,
        unsubscribe=external_url("notification_mail.show", token=token),
    )


def read_link(token: str, links: LinkSigner) -> Unsubscription:
    """What a link ends.

    Raises:
        InvalidTokenError: its signature is invalid, or there is no such kind any more.
    """
    content = links.read(UNSUBSCRIBE, token, max_age=None)
    if content["kind"] == DIGEST:
        return Unsubscription(content["user"], None)
    try:
        return Unsubscription(content["user"], NotificationKind(content["kind"]))
    except ValueError:
        raise InvalidTokenError from None
