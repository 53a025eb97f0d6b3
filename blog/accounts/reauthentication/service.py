"""Reauthentication: users prove again who they are."""

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login.authentication import authenticate
from blog.accounts.login_attempts import clear_failures
from blog.accounts.passkeys.assertions import check_passkey
from blog.accounts.schemas import IdentityForm
from blog.accounts.second_factor.codes import check_code
from blog.accounts.sessions.service import record_proof, renew_token
from blog.core.auth.clients import Client
from blog.core.auth.reauthentication import needs_no_password
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.sealing import Sealer
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _


async def reauthenticate(
    session: AsyncSession, viewer: Viewer, form: IdentityForm, passwords: Passwords, *,
    challenge: bytes | None, sealer: Sealer, client: Client,
) -> str:  # fmt: skip
    """Check the viewer's passkey, or their password (and a code, if they have a second factor), and
    record in their session that they have proved who they are.

    Args:
        challenge: the challenge for the passkey, if there was one.

    Returns:
        The new token of the session, for the cookie (OWASP ASVS 5.0, 7.2.4).

    Raises:
        InvalidFieldsError: the password, the code or the passkey is wrong.
        TooManyAttemptsError: too many wrong passwords or codes were tried.
    """
    if form.credential:
        await check_passkey(session, form.credential, challenge, user_id=viewer.id)
    else:
        await _check_password(session, viewer, form, passwords, sealer=sealer, client=client)
    token = await renew_token(session, viewer.browser_session)
    await session.commit()
    note(Event.IDENTITY_CONFIRMED, viewer.id)
    return token


async def check_form_password(
    session: AsyncSession, viewer: Viewer, password: SecretStr, passwords: Passwords,
    client: Client,
) -> None:  # fmt: skip
    """Check the password in a form that asks for it.

    Viewers who have just confirmed who they are with a passkey or another service may leave it out,
    because some have no password.

    The caller commits.

    Raises:
        InvalidFieldsError: the password is wrong or missing.
        TooManyAttemptsError: too many wrong passwords were tried.
    """
    if not password.get_secret_value():
        if needs_no_password(viewer.browser_session):
            return
        raise InvalidFieldsError({"password": _("Please fill in this field.")})
    user = await authenticate(session, passwords, viewer.person.email, password, client)
    if user is None or user.id != viewer.id:
        raise InvalidFieldsError({"password": _("That's not your password.")})
    await clear_failures(session, user, client.address)
    await record_proof(session, viewer)


async def _check_password(
    session: AsyncSession, viewer: Viewer, form: IdentityForm, passwords: Passwords, *,
    sealer: Sealer, client: Client,
) -> None:  # fmt: skip
    user = await authenticate(session, passwords, viewer.person.email, form.password, client)
    if user is None or user.id != viewer.id:
        raise InvalidFieldsError({"password": _("That's not your password.")})
    if user.has_second_factor:
        if not (code := form.code.get_secret_value()):
            raise InvalidFieldsError({"code": _("Please fill in this field.")})
        await check_code(session, sealer, user, code, client)
    await clear_failures(session, user, client.address)
