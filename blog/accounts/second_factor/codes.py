"""Checking the code of a second factor: one from an authenticator app, or a recovery code."""

import time

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login_attempts import Attempt
from blog.accounts.second_factor.recovery import LETTERS, normalize_code, use_recovery_code
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.clock import now
from blog.core.crypto.one_time_codes import find_step
from blog.core.crypto.sealing import Sealer, UnreadableSecretError
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import LazyText, lazy_gettext
from blog.mail import outbox
from blog.models import Authenticator, User

WRONG = lazy_gettext("This code is wrong, or too old. Enter the one that your app shows now.")
WRONG_RECOVERY = lazy_gettext("This recovery code is wrong, or has been used.")
UNREADABLE = lazy_gettext(
    "This site can't check the codes of your app any more. Enter a recovery code instead, and then "
    "set up the app again."
)
USED = lazy_gettext("This code has already been used. Wait until your app shows the next one.")


async def check_code(
    session: AsyncSession, sealer: Sealer, user: User, typed: str, client: Client
) -> None:
    """Check a code, which then can't be used again; the caller commits.

    The attempt is counted first, like a password (`blog.accounts.login_attempts`), so that
    concurrent attempts can't exceed the limit. When the limit is reached, the owner of the account
    gets a mail.

    Args:
        session: committed first, so that no connection is held while the attempt is counted.
        typed: a code from the user's app, or one of their recovery codes.

    Raises:
        InvalidFieldsError: it is wrong, older than a minute, or already used.
        TooManyAttemptsError: too many codes were wrong.
    """
    await session.commit()
    attempt = Attempt.at_second_factor(user, client)
    attempt.refuse_if_exhausted()
    exhausted = await attempt.count()
    if problem := await _use_code(session, sealer, user.id, normalize_code(typed)):
        if exhausted:
            # The owner has to know, because the sender of these codes knows the password.
            await outbox.put(session, to=user, message="code_guessing", user=user)
        await session.commit()
        note(Event.WRONG_CODE, user.id)
        raise InvalidFieldsError({"code": problem})
    attempt.refund()


async def _use_code(
    session: AsyncSession, sealer: Sealer, user_id: int, code: str
) -> LazyText | None:
    """Use up a code.

    Returns:
        What is wrong with it, if anything.
    """
    # The user is locked before the codes, in the same order as by changes of them.
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(read=True))
    if len(code) == LETTERS:
        return None if await use_recovery_code(session, user_id, code) else WRONG_RECOVERY
    app = await session.scalar(select(Authenticator).where(Authenticator.user_id == user_id))
    if app is None:
        return WRONG
    try:
        secret = sealer.open(app.secret, sealing_context(user_id))
    except UnreadableSecretError:
        return UNREADABLE
    step = find_step(secret, code, time.time())
    if step is None:
        return WRONG
    # Of two requests with the same code, the second waits here for the first, and finds it used.
    used = await session.scalar(
        update(Authenticator)
        .where(Authenticator.user_id == user_id, Authenticator.last_step < step)
        .values(last_step=step, last_used_at=now())
        .returning(Authenticator.user_id)
        .execution_options(synchronize_session=False)
    )
    return None if used else USED


def sealing_context(user_id: int) -> str:
    """The context of sealing the secret of a user's app, without which it can't be opened."""
    return f"authenticator {user_id}"
