"""Mailing lists: mails from which recipients can unsubscribe with one click.

Their headers are those of RFC 2919 (`List-Id`), RFC 2369 (`List-Unsubscribe`) and RFC 8058
(`List-Unsubscribe-Post`).
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from quart import current_app

from blog.core.i18n import LazyText


@dataclass(frozen=True)
class MailingList:
    """A kind of mail that people get until they unsubscribe.

    Attributes:
        name: the labels that identify it on this site, such as `nina.posts`.
        reason: why the recipient gets it, as a sentence for the end of the mail.
        unsubscribe: the URL of the page with the button. It accepts a POST without a cookie.
    """

    name: str
    reason: str | LazyText
    unsubscribe: str

    def headers(self) -> dict[str, str]:
        """The headers for which mail programs show an unsubscribe button."""
        host = urlsplit(current_app.config["BASE_URL"]).hostname
        return {
            "List-Id": f"<{self.name}.{host}>",
            "List-Unsubscribe": f"<{self.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
