"""Changing the e-mail address: requested with the password, confirmed by a link in a mail."""

from sqlalchemy import case, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.applications.proof import confirm_address
from blog.accounts.links import (
    CHANGE_EMAIL,
    check_credentials,
    credentials_of,
    refuse_other_account,
)
from blog.accounts.reauthentication.service import check_form_password
from blog.accounts.registration.disposable import refuse_disposable
from blog.accounts.registration.service import role_for
from blog.accounts.registration.uniqueness import uniqueness_error
from blog.accounts.schemas import ChangeEmailForm
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.purging.keys import user_key
from blog.core.purging.marks import mark
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket, Quota, take_one
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import User

# Limits mails to addresses of people who did not ask for them.
NEW_ADDRESSES = Quota("mails to new addresses", 6, 24 * 3600)
SAME = lazy_gettext("This is already your address.")
ENOUGH = lazy_gettext(
    "We've already sent several links to this address. Check your spam folder, or wait an hour."
)


async def send_change_link(
    session: AsyncSession, viewer: Viewer, form: ChangeEmailForm, *,
    passwords: Passwords, links: LinkSigner, client: Client,
) -> None:  # fmt: skip
    """Send a link to the new address. Nothing changes before it is used.

    If the address belongs to another account, its owner is notified instead. The response and its
    duration are the same, so that they do not reveal who has an account.

    Raises:
        InvalidFieldsError: the password is wrong or missing; or the address is the current one, or
            disposable, or was sent too many of these mails recently.
        TooManyRequestsError: the user has requested too many of these links today.
        TooManyAttemptsError: too many wrong passwords were tried.
    """
    refuse_disposable(form.email, current_app.site)
    await check_form_password(session, viewer, form.password, passwords, client)
    user = viewer.person
    await take_one(session, Bucket(NEW_ADDRESSES, f"person {user.id}"))
    if form.email == user.email:
        await session.commit()
        raise InvalidFieldsError({"email": SAME})
    content = {"user": user.id, "email": form.email, "credentials": credentials_of(user)}
    link = external_url("email_address.review", token=links.sign(CHANGE_EMAIL, content))
    is_taken = await queries.user_by_email(session, form.email) is not None
    message = "email_is_in_use" if is_taken else "change_email"
    mail = await outbox.put(
        session,
        to=form.email,
        language=user.interface_language,
        message=message,
        user=user,
        link=link,
    )
    await session.commit()
    note(Event.ADDRESS_CHANGE_ASKED, user.id)
    if mail is None:
        raise InvalidFieldsError({"email": ENOUGH})


def address_of_link(viewer: Viewer, token: str, links: LinkSigner) -> str:
    """The new address in a link, if it is valid.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for another account.
        InvalidTokenError: its signature is invalid, or it has been used, or the password or address
            has changed since.
    """
    content = links.read(CHANGE_EMAIL, token)
    refuse_other_account(viewer, content["user"])
    check_credentials(viewer.account, content)
    return str(content["email"])


async def change_email(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner, administrators: list[str]
) -> str:
    """Change the address to that of a link, and notify the old one.

    An unconfirmed account becomes confirmed, with the role for the new address: its previous role
    was for an address that nobody had proved.

    Returns:
        The new address.

    Raises:
        InvalidTokenError: as in `address_of_link`.
        InvalidFieldsError: the new address has been registered in the meantime.
    """
    address, account = address_of_link(viewer, token, links), viewer.person
    role = await role_for(session, address, administrators)
    change = (
        update(User)
        .where(
            User.id == account.id,
            User.email == account.email,
            User.password_hash == account.password_hash,
        )
        .values(
            email=address,
            role_id=case((User.confirmed_at.is_(None), role.id), else_=User.role_id),
        )
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    try:
        # In a savepoint, so that the session stays usable after an error.
        async with session.begin_nested():
            changed = await session.scalar(change)
    except IntegrityError as error:
        raise uniqueness_error(error) from None
    if changed is None:
        raise InvalidTokenError
    await confirm_address(session, account, address)
    await mark(session, user_key(account.id))  # Gravatar's picture is that of the address.
    await outbox.put(session, to=account, message="email_changed", user=account)
    await session.commit()
    note(Event.ADDRESS_CHANGED, account.id)
    return address
