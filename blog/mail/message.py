"""Building messages (RFC 5322) from rows of the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from typing import Any
from uuid import UUID, uuid5

import idna

from blog.models import Email


class _Verbatim(BaseHeader):
    """A header of URLs or Message-IDs, each on its own line.

    Python would turn those that are longer than a line into encoded words.
    """

    max_count = 1

    @classmethod
    def parse(cls, value: str, parts: dict[str, Any]) -> None:
        """Keep the value as it is."""
        parts["parse_tree"], parts["decoded"] = None, value

    def fold(self, *, policy: Policy) -> str:
        """Fold the header, as it is sent."""
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split(' '))}{policy.linesep}"


class _Headers(HeaderRegistry):
    """Caches the classes of headers, because creating them takes half of the time otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, type] = {}
        for name in ("List-Id", "List-Unsubscribe", "In-Reply-To", "References"):
            self.map_to_type(name, _Verbatim)

    def __getitem__(self, name: str) -> type:
        if name not in self._classes:
            self._classes[name] = super().__getitem__(name)
        return self._classes[name]


# Every server accepts a 7-bit body.
POLICY = SMTP.clone(header_factory=_Headers(), cte_type="7bit")
POLICY_UTF8 = POLICY.clone(utf8=True)


@dataclass(frozen=True)
class Thread:
    """The place of a message in a conversation (RFC 5322, 3.6.4).

    Attributes:
        message_id: the id of the message, to which later messages refer. It is the same for all
            recipients.
        references: the ids of earlier messages, the first of the conversation first.
    """

    message_id: UUID
    references: Sequence[UUID] = ()

    def headers(self, sender: str) -> dict[str, str]:
        """The headers that refer to the other messages."""
        if not self.references:
            return {}
        references = [format_message_id(each, sender) for each in self.references]
        return {"In-Reply-To": references[-1], "References": " ".join(references)}


def message_id_about(namespace: UUID, what: str, row_id: int) -> UUID:
    """The id for the `Message-ID` of mails about a post or a comment, which is always the same.

    Args:
        namespace: the namespace of the site (`blog.models.Site`).
        what: `post` or `comment`.
        row_id: the id of the post or comment.
    """
    return uuid5(namespace, f"mail about {what} {row_id}")


def compose(email: Email, sender: str) -> EmailMessage:
    """Build the message for a row.

    The result is always the same, so that a duplicate can be recognised by its `Message-ID` (RFC
    5322, 3.6.4).

    Args:
        email: a row that still has its text.
        sender: the `From`, such as `Broadside <broadside@example.com>`.

    Returns:
        A `multipart/alternative` of text and HTML.

    Raises:
        ValueError: a header would contain a line break.
    """
    recipient = envelope_address(email.recipient)
    message = EmailMessage(policy=POLICY if recipient.isascii() else POLICY_UTF8)
    name, address = parseaddr(sender)
    message["From"] = Address(name, addr_spec=envelope_address(address))
    message["To"] = recipient
    message["Subject"] = email.subject
    message["Date"] = format_datetime(email.created_at)
    message["Message-ID"] = format_message_id(email.message_id, sender)
    # Ask for no automatic replies (RFC 3834, 5).
    message["Auto-Submitted"] = "auto-generated"
    for header, value in (email.headers or {}).items():
        message[header] = value
    message.set_content(email.text)
    message.make_alternative(boundary=f"={email.message_id}=")
    message.add_alternative(email.html, subtype="html")
    return message


def format_message_id(message_id: UUID, sender: str) -> str:
    """Format a `Message-ID`.

    Args:
        message_id: the id in the row.
        sender: the `From`.
    """
    return f"<{message_id}@{host_of(sender)}>"


def host_of(sender: str) -> str:
    """The domain of a `From`, in ASCII."""
    return _ascii_domain(parseaddr(sender)[1].rpartition("@")[2])


def envelope_address(address: str) -> str:
    """The address with its domain in ASCII (RFC 5890), which every server understands.

    The part before the `@` can't be converted; if it is not ASCII, the server has to support
    SMTPUTF8 (RFC 6531).
    """
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        return address
    return str(Address(username=local, domain=_ascii_domain(domain)))


def _ascii_domain(domain: str) -> str:
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
