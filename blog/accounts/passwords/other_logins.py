"""The ways to log in to an account without its password: passkeys and other services.

A new password doesn't change them, so its owner is reminded of them. Passkeys are a second factor,
which access to the mailbox alone must not remove (OWASP ASVS 5.0, 6.4.3). Accounts of other
services only replace the password, so a reset by mail offers to disconnect them.
"""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import format_list, ngettext
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app
from blog.models import OpenIDLogin, Passkey


class OtherLogins(NamedTuple):
    """The ways to log in to an account without its password.

    Attributes:
        passkeys: the number of passkeys.
        services: the names of the services with a connected account, if the settings have them.
    """

    passkeys: int
    services: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """A sentence that names them; empty if there are none."""
        names = (
            [ngettext("%(num)s passkey", "%(num)s passkeys", self.passkeys)]
            if self.passkeys
            else []
        )
        names += self.services
        if not names:
            return ""
        return _("%(names)s can still log in to your account.", names=format_list(names))


async def other_logins(session: AsyncSession, user_id: int) -> OtherLogins:
    """Find the ways to log in to a user's account without the password."""
    passkeys = await session.scalar(select(func.count()).where(Passkey.user_id == user_id))
    issuers = await session.scalars(
        select(OpenIDLogin.issuer).where(OpenIDLogin.user_id == user_id)
    )
    connected = set(issuers)
    services = [
        each.name for each in current_app.settings.openid_providers if each.issuer in connected
    ]
    return OtherLogins(passkeys or 0, tuple(services))
