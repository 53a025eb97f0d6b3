"""Proving again who one is."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login.attempts import clear_failures
from blog.accounts.login.authentication import authenticate
from blog.accounts.schemas import IdentityForm
from blog.accounts.second_factor.codes import check_code
from blog.accounts.sessions.service import renew_token
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.sealing import Sealer
from blog.core.errors import InvalidFieldsError


async def reauthenticate(
    session: AsyncSession, viewer: Viewer, form: IdentityForm, passwords: Passwords, *,
    sealer: Sealer, client: Client,
) -> str:  # fmt: skip
    """Check the viewer's password, and the code if they have a second factor, and note in their
    session that they have proved who they are.

    Returns:
        The new token of the session, for the cookie (OWASP ASVS 5.0, 7.2.4).

    Raises:
        InvalidFieldsError: the password or the code is wrong.
        TooManyAttemptsError: too many wrong passwords or codes were tried.
    """
    user = await authenticate(session, passwords, viewer.person.email, form.password, client)
    if user is None or user.id != viewer.id:
        raise InvalidFieldsError({"password": "That's not your password."})
    if user.has_second_factor:
        if not (code := form.code.get_secret_value()):
            raise InvalidFieldsError({"code": "Please fill in this field."})
        await check_code(session, sealer, user, code, client)
    await clear_failures(session, user, client.address)
    token = await renew_token(session, viewer.browser_session)
    await session.commit()
    note(Event.RIGHT_PASSWORD, user.id)
    return token
