"""Setting up and removing second factors. Each function is one transaction."""

import time

from pydantic import SecretStr
from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.second_factor.codes import WRONG, sealing_context
from blog.accounts.second_factor.recovery import normalize_code, replace_codes
from blog.core.auth import audit
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import OPERATOR, Viewer
from blog.core.crypto.one_time_codes import find_step
from blog.core.crypto.sealing import Sealer
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.i18n import gettext as _
from blog.mail import outbox
from blog.models import Act, Authenticator, Passkey, RecoveryCode, TrustedBrowser, User

APP_ADDED = lazy_gettext("An authenticator app was added.")
APP_REMOVED = lazy_gettext("The authenticator app was removed.")
CODES_REPLACED = lazy_gettext("New recovery codes were created. The old ones no longer work.")
ALL_REMOVED = lazy_gettext(
    "An administrator has removed all second factors, because you asked them to."
)


async def add_app(
    session: AsyncSession, viewer: Viewer, secret: bytes, code: SecretStr, sealer: Sealer
) -> list[str] | None:
    """Set up the viewer's authenticator app, which replaces an earlier one.

    Args:
        secret: the secret of the app.
        code: the code that the app shows, which proves that it has the secret.

    Returns:
        Recovery codes, if the viewer had none.

    Raises:
        InvalidFieldsError: the code is wrong.
    """
    step = find_step(secret, normalize_code(code.get_secret_value()), time.time())
    if step is None:
        raise InvalidFieldsError({"code": WRONG})
    user = await lock_user(session, viewer.id)
    app = {
        "secret": sealer.seal(secret, sealing_context(user.id)),
        "last_step": step,
        "last_used_at": None,
        "created_at": func.now(),
    }
    await session.execute(
        insert(Authenticator)
        .values(user_id=user.id, **app)
        .on_conflict_do_update(index_elements=["user_id"], set_=app)
    )
    codes = await after_addition(session, user, APP_ADDED)
    await session.commit()
    note(Event.SECOND_FACTOR_ADDED, user.id)
    return codes


async def remove_app(session: AsyncSession, viewer: Viewer) -> None:
    """Remove the viewer's authenticator app; idempotent."""
    user = await lock_user(session, viewer.id)
    removed = await session.scalar(
        delete(Authenticator)
        .where(Authenticator.user_id == user.id)
        .returning(Authenticator.user_id)
    )
    if removed is not None:
        await after_removal(session, user, APP_REMOVED)
    await session.commit()
    if removed is not None:
        note(Event.SECOND_FACTOR_REMOVED, user.id)


async def renew_recovery_codes(session: AsyncSession, viewer: Viewer) -> list[str]:
    """Give the viewer new recovery codes.

    Raises:
        InvalidFieldsError: they have no second factor to replace.
    """
    user = await lock_user(session, viewer.id)
    if not user.has_second_factor:
        raise InvalidFieldsError({"": _("Set up an authenticator app or a passkey first.")})
    codes = await replace_codes(session, user.id)
    await _notify_owner(session, user, CODES_REPLACED)
    await session.commit()
    note(Event.RECOVERY_CODES_RENEWED, user.id)
    return codes


async def reset(session: AsyncSession, user_id: int) -> bool:
    """Remove all second factors of a user who has lost them, as the operator.

    Returns:
        Whether there were any.
    """
    user = await lock_user(session, user_id)
    had_any = user.has_second_factor
    if had_any:
        await remove_all(session, user.id)
        audit.record(session, OPERATOR, Act.RESET_SECOND_FACTOR, user)
        await _notify_owner(session, user, ALL_REMOVED)
    await session.commit()
    return had_any


async def remove_all(session: AsyncSession, user_id: int) -> None:
    """Remove everything about the second factor of a user; the caller has locked them, and
    commits."""
    for table in (Authenticator, Passkey, RecoveryCode, TrustedBrowser):
        await session.execute(delete(table).where(table.user_id == user_id))
    await session.execute(
        update(User)
        .where(User.id == user_id)
        .values(has_second_factor=False)
        .execution_options(synchronize_session=False)
    )


async def lock_user(session: AsyncSession, user_id: int) -> User:
    """Lock a user, so that their second factors can't change in the meantime."""
    user = await session.scalar(
        select(User)
        .where(User.id == user_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise InvalidFieldsError({"": _("This account has just changed. Please try again.")})
    return user


async def after_addition(
    session: AsyncSession, user: User, change: str | LazyText
) -> list[str] | None:
    """Record that a user has a second factor, and give them recovery codes if they have none; the
    caller has locked the user, and commits.

    Args:
        change: the sentence about the change for the mail.

    Returns:
        The codes, if they had none.
    """
    user.has_second_factor = True
    await _notify_owner(session, user, change)
    has_codes = select(exists().where(RecoveryCode.user_id == user.id))
    return None if await session.scalar(has_codes) else await replace_codes(session, user.id)


async def after_removal(session: AsyncSession, user: User, change: str | LazyText) -> None:
    """Record whether a user still has a second factor; without one, remove the recovery codes. The
    caller has locked the user, and commits.

    Args:
        change: the sentence about the change for the mail.
    """
    has_app = exists().where(Authenticator.user_id == user.id)
    has_passkey = exists().where(Passkey.user_id == user.id)
    left = await session.scalar(select(or_(has_app, has_passkey)))
    if not left:
        await remove_all(session, user.id)
    await _notify_owner(session, user, change)


async def _notify_owner(session: AsyncSession, user: User, change: str | LazyText) -> None:
    await outbox.put(session, to=user, message="second_factor_changed", user=user, change=change)
