"""Personal API tokens: issued, noted as used, and revoked."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login.attempts import forgive
from blog.accounts.login.authentication import authenticate
from blog.accounts.schemas import TokenForm
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
    NotFoundError,
)
from blog.core.web.submissions import submission_key
from blog.mail import outbox
from blog.models import ApiToken, Permission, Scope, User

# Tells a token from other secrets: whoever searches texts for what has leaked finds it.
PREFIX = "bsd_"
MOST_TOKENS = 50
LONGEST_LIFE = timedelta(days=365)
SHORT_LIFE = timedelta(days=1)
ALREADY_REVOKED = "There is no such token: it was revoked, or has expired."


class AlreadyIssuedError(BlogError):
    """This form has made its token, and the secret of it was shown then."""


class IssuedToken(NamedTuple):
    """A new token; `secret` is what a client sends, and is kept nowhere."""

    token: ApiToken
    secret: str


async def issue_token(
    session: AsyncSession, viewer: Viewer, *, name: str, scopes: Scope, life: timedelta,
    submission: UUID | None = None,
) -> IssuedToken:  # fmt: skip
    """Make a token for a person, and tell them by mail.

    There is no mail about those that a program asks for each time it runs, which have no name and
    soon end.

    Args:
        name: what the person calls it; empty for a program that asked by itself. Such a
            program may ask each time it runs, and never meets the limit: the one of its
            tokens that expires first gives way.
        submission: the key of the form that was sent (`blog.core.web.submissions`).

    Raises:
        ForbiddenError: the person has not confirmed the address.
        InvalidFieldsError: the token would be good for nothing or for too long, or moderate where
            the person may not; or the account was changed a moment ago.
        LimitReachedError: the person has as many tokens as anybody may.
        AlreadyIssuedError: the form was sent before.
    """
    user = viewer.person
    if not user.is_confirmed:
        raise ForbiddenError
    if life > LONGEST_LIFE:
        raise InvalidFieldsError({"life": "A token is good for a year at the most."})
    if not scopes:
        raise InvalidFieldsError({"scopes": "Please choose at least one."})
    if Scope.MODERATE in scopes and not viewer.can(Permission.MODERATE):
        raise InvalidFieldsError({"scopes": "Only moderators can have a token that moderates."})
    await _hold_account(session, user)
    await _make_room(session, user, gives_way=not name)
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
        await outbox.put(session, to=user.email, message="token_made", user=user, token=token)
    await session.commit()
    if token is None:
        raise AlreadyIssuedError
    note(Event.TOKEN_ISSUED, user.id)
    return IssuedToken(token, secret)


async def make_token(
    session: AsyncSession, viewer: Viewer, form: TokenForm, scopes: Scope, *,
    passwords: Passwords, client: Client,
) -> IssuedToken:  # fmt: skip
    """Make a token by the form of the page, which asks for the password.

    A session alone is not enough: whoever finds a browser logged in could make one that outlives
    it by a year.

    Raises:
        InvalidFieldsError: the password is wrong; or as `issue_token`, whose other errors are
            raised too.
        TooManyAttemptsError: too many wrong passwords were tried.
    """
    if not viewer.person.is_confirmed:
        raise ForbiddenError
    user = await authenticate(session, passwords, viewer.person.email, form.password, client)
    if user is None:
        raise InvalidFieldsError({"password": "This is not your password."})
    await forgive(session, user, client.address)
    return await issue_token(
        session, viewer, name=form.name, scopes=scopes, life=form.life,
        submission=submission_key(form, viewer.id, form.name),
    )  # fmt: skip


async def _hold_account(session: AsyncSession, user: User) -> None:
    """Lock the account as it was read, so that its tokens can be counted.

    Who changes the password or disables the account at the same moment waits for our commit,
    and then revokes what we have issued; or is first, and we find the account changed.
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
        raise InvalidFieldsError({"": "This account was changed just now. Please try again."})


async def _make_room(session: AsyncSession, user: User, *, gives_way: bool) -> None:
    """Make sure that the person may have another token.

    Args:
        gives_way: whether one without a name may be deleted for it.
    """
    valid = (ApiToken.user_id == user.id, ApiToken.expires_at > now())
    if (await session.scalar(select(func.count()).where(*valid)) or 0) < MOST_TOKENS:
        return
    if gives_way:
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
        {"": f"You have {MOST_TOKENS} tokens. Revoke one before you make another."}
    )


async def revoke_token(session: AsyncSession, user: User, token_id: int) -> None:
    """Revoke one of a person's tokens: whoever holds it is shut out.

    Raises:
        NotFoundError: there is none with this id, or it is somebody else's.
    """
    revoked = await session.scalar(
        delete(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == user.id)
        .returning(ApiToken.id)
    )
    await session.commit()
    if revoked is None:
        raise NotFoundError(ALREADY_REVOKED)
    note(Event.TOKEN_REVOKED, user.id)
