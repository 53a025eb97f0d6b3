"""Issuing and revoking personal API tokens."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.own_rows import delete_own
from blog.accounts.reauthentication.service import check_form_password
from blog.accounts.schemas import TokenForm
from blog.accounts.tokens.policies import may_grant, may_issue_tokens
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import opaque_token, token_digest
from blog.core.errors import (
    BlogError,
    ForbiddenError,
    InvalidFieldsError,
    LimitReachedError,
)
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.submissions import submission_key
from blog.mail import outbox
from blog.models import ApiToken, Scope, User

# Lets secret scanners recognise leaked tokens.
PREFIX = "bsd_"
MOST_TOKENS = 50
LONGEST_LIFE = timedelta(days=365)
SHORT_LIFE = timedelta(days=1)
ALREADY_REVOKED = lazy_gettext("This token doesn't exist. It may have been revoked, or expired.")


class AlreadyIssuedError(BlogError):
    """The form has already created its token, and the secret was shown then."""


class IssuedToken(NamedTuple):
    """A new token; `secret` is what clients send, and is not stored."""

    token: ApiToken
    secret: str


async def issue_token(
    session: AsyncSession, viewer: Viewer, *, name: str, scopes: Scope, life: timedelta,
    submission: UUID | None = None,
) -> IssuedToken:  # fmt: skip
    """Create a token for a user, and notify them by mail.

    No mail is sent for unnamed short-lived tokens, which programs may request on every run.

    Args:
        name: the user's name for it; empty for a program that requests tokens itself. Such programs
            never reach the limit: a new token replaces the unnamed one that expires first.
        submission: the idempotency key of the form (`blog.core.web.submissions`).

    Raises:
        ForbiddenError: the user's address is not confirmed.
        InvalidFieldsError: the lifetime or scopes are invalid, or the user lacks the permission for
            a scope, or the account was changed concurrently.
        LimitReachedError: the user has the maximum number of tokens.
        AlreadyIssuedError: the form was submitted before.
    """
    user = viewer.person
    if not may_issue_tokens(viewer):
        raise ForbiddenError
    if life > LONGEST_LIFE:
        raise InvalidFieldsError({"life": _("A token can last a year at most.")})
    if not scopes:
        raise InvalidFieldsError({"scopes": _("Please choose at least one.")})
    if not may_grant(viewer, scopes):
        raise InvalidFieldsError({"scopes": _("Only moderators can have tokens with this scope.")})
    await _lock_account(session, user)
    await _enforce_token_limit(session, user, replace_unnamed=not name)
    secret = PREFIX + opaque_token()
    token = await session.scalar(
        insert(ApiToken)
        .values(
            token_hash=token_digest(secret),
            user_id=user.id,
            name=name,
            scopes=scopes,
            expires_at=now() + life,
            submission=submission,
        )
        .on_conflict_do_nothing()
        .returning(ApiToken)
    )
    if token is not None and (name or life > SHORT_LIFE):
        await outbox.put(session, to=user, message="token_made", user=user, token=token)
    await session.commit()
    if token is None:
        raise AlreadyIssuedError
    note(Event.TOKEN_ISSUED, user.id)
    return IssuedToken(token, secret)


async def issue_token_by_form(
    session: AsyncSession, viewer: Viewer, form: TokenForm, scopes: Scope, *,
    passwords: Passwords, client: Client,
) -> IssuedToken:  # fmt: skip
    """Create a token from the form of the page, which asks for the password.

    An open session is not enough: in an unattended browser, an attacker could create a token that
    outlives the session by a year.

    Raises:
        InvalidFieldsError: the password is wrong or missing; otherwise the errors of `issue_token`.
        TooManyAttemptsError: too many wrong passwords were tried.
    """
    if not may_issue_tokens(viewer):
        raise ForbiddenError
    await check_form_password(session, viewer, form.password, passwords, client)
    return await issue_token(
        session, viewer, name=form.name, scopes=scopes, life=form.life,
        submission=submission_key(form, viewer.id, form.name),
    )  # fmt: skip


async def _lock_account(session: AsyncSession, user: User) -> None:
    """Lock the account, if it has not changed since it was read, to count its tokens.

    A concurrent change of the password, or disabling of the account, either waits for our commit
    and then revokes the new token, or comes first, and we find the account changed.
    """
    as_read = (
        select(User.id)
        .where(
            User.id == user.id,
            User.password_hash == user.password_hash,
            User.disabled_at.is_(None),
        )
        .with_for_update(key_share=True)
    )
    if await session.scalar(as_read) is None:
        raise InvalidFieldsError({"": _("This account has just changed. Please try again.")})


async def _enforce_token_limit(session: AsyncSession, user: User, *, replace_unnamed: bool) -> None:
    """Check that the user may have another token.

    Args:
        replace_unnamed: whether an unnamed token may be deleted to make room.
    """
    valid = (ApiToken.user_id == user.id, ApiToken.expires_at > now())
    if (await session.scalar(select(func.count()).where(*valid)) or 0) < MOST_TOKENS:
        return
    if replace_unnamed:
        first_to_expire = (
            select(ApiToken.id)
            .where(*valid, ApiToken.name == "")
            .order_by(ApiToken.expires_at, ApiToken.id)
            .limit(1)
            .scalar_subquery()
        )
        deleted = delete(ApiToken).where(ApiToken.id == first_to_expire).returning(ApiToken.id)
        if await session.scalar(deleted) is not None:
            return
    raise LimitReachedError(
        {
            "": _(
                "You have %(most)s tokens, which is the maximum. Revoke one to create another.",
                most=MOST_TOKENS,
            )
        }
    )


async def revoke_token(session: AsyncSession, viewer: Viewer, token_id: int) -> None:
    """Revoke one of the viewer's tokens.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    await delete_own(session, viewer, ApiToken, token_id, ALREADY_REVOKED)
    note(Event.TOKEN_REVOKED, viewer.id)
