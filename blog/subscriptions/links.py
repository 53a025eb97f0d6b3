"""The links in emails to subscribers.

A link identifies a subscription by its id rather than the email address, so a forwarded email
doesn't reveal whose it was.
"""

from datetime import timedelta

from blog.core.crypto.tokens import LinkSigner
from blog.core.i18n import lazy_gettext
from blog.core.web.urls import external_url
from blog.mail.lists import MailingList
from blog.models import Subscription, User

CONFIRM = "confirm subscription"
UNSUBSCRIBE = "unsubscribe from posts"
# How long a subscription may be confirmed.
CONFIRMABLE = timedelta(days=3)


def confirmation_link(subscription: Subscription, links: LinkSigner) -> str:
    """The link that confirms a subscription."""
    token = links.sign(CONFIRM, {"subscription": subscription.id})
    return external_url("subscriptions.review", token=token)


def mailing_list(subscription: Subscription, author: User, links: LinkSigner) -> MailingList:
    """The mailing list of an author's posts, for one subscriber."""
    token = links.sign(UNSUBSCRIBE, {"subscription": subscription.id})
    return MailingList(
        name=f"{author.username.lower()}.posts",
        reason=lazy_gettext(
            "You're getting this because you asked for posts by %(name)s.", name=author.username
        ),
        unsubscribe=external_url("subscriptions.show", token=token),
    )


def subscription_to_confirm(token: str, links: LinkSigner) -> int:
    """The id of the subscription that a link confirms.

    Raises:
        ExpiredTokenError: the link is too old.
        InvalidTokenError: its signature is invalid.
    """
    content = links.read(CONFIRM, token, max_age=int(CONFIRMABLE.total_seconds()))
    return int(content["subscription"])


def subscription_to_end(token: str, links: LinkSigner) -> int:
    """The id of the subscription that a link ends; such a link does not expire.

    Raises:
        InvalidTokenError: its signature is invalid.
    """
    return int(links.read(UNSUBSCRIBE, token, max_age=None)["subscription"])
