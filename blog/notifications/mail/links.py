"""The unsubscribe links in notification emails, each for one kind of notification.

These links don't expire. They contain the kind and the person, and work no matter who is logged in.
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
    """What a link unsubscribes a user from: emails of one kind, or with `None` their digests."""

    user_id: int
    kind: NotificationKind | None


def notification_list(
    user_id: int, kind: NotificationKind | None, links: LinkSigner
) -> MailingList:
    """The mailing list of a kind of notification, or with `None` of digests."""
    token = links.sign(UNSUBSCRIBE, {"user": user_id, "kind": kind or DIGEST})
    return MailingList(
        name=f"{kind or DIGEST}.notifications",
        reason=REASONS[kind] if kind else DIGEST_REASON,
        unsubscribe=external_url("notification_mail.show", token=token),
    )


def read_link(token: str, links: LinkSigner) -> Unsubscription:
    """Read what a link unsubscribes from.

    Raises:
        InvalidTokenError: its signature is invalid, or the kind no longer exists.
    """
    content = links.read(UNSUBSCRIBE, token, max_age=None)
    if content["kind"] == DIGEST:
        return Unsubscription(content["user"], None)
    try:
        return Unsubscription(content["user"], NotificationKind(content["kind"]))
    except ValueError:
        raise InvalidTokenError from None
