"""The links of invitations. They are signed, so that nothing secret is stored."""

from blog.core.crypto.tokens import LinkSigner
from blog.core.web.urls import external_url

PURPOSE = "invitation"


def invitation_link(links: LinkSigner, invitation_id: int) -> str:
    """The absolute URL that an inviter passes on."""
    token = links.sign(PURPOSE, {"invitation": invitation_id})
    return external_url("registration.register", invitation=token)


def read_invitation(links: LinkSigner, token: str) -> int:
    """The id of a link's invitation. Whether it is still valid is in its row.

    Raises:
        InvalidTokenError: this site has not signed it.
    """
    return int(links.read(PURPOSE, token, max_age=None)["invitation"])
