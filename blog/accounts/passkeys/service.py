"""Adding, renaming and removing passkeys. Each function is one transaction."""

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.passkeys.assertions import EXPIRED
from blog.accounts.passkeys.challenges import mark_challenge_used
from blog.accounts.second_factor.service import after_addition, after_removal, lock_user
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.errors import InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.models import Passkey

MOST_PASSKEYS = 20
WRONG = lazy_gettext(
    "Your browser's answer couldn't be checked, so no passkey was added. Please try again."
)
IS_KNOWN = lazy_gettext("This passkey has already been added.")
IS_GONE = lazy_gettext("This passkey doesn't exist. It may have been removed.")


async def add_passkey(
    session: AsyncSession, viewer: Viewer, name: str, response: str, challenge: bytes | None
) -> list[str] | None:
    """Add a passkey to the viewer's account.

    Args:
        response: the browser's response, as JSON.
        challenge: the challenge in the browser's session, if there is one.

    Returns:
        Recovery codes, if the viewer had none.

    Raises:
        InvalidFieldsError: the response is not valid, or was sent before.
        LimitReachedError: they have the maximum number of passkeys.
    """
    from blog.accounts.passkeys import ceremonies  # noqa: PLC0415

    if challenge is None or not await mark_challenge_used(session, challenge):
        await session.commit()
        raise InvalidFieldsError({"": EXPIRED})
    try:
        new = ceremonies.verify_registration(response, challenge)
    except ceremonies.InvalidResponseError:
        await session.commit()
        raise InvalidFieldsError({"": WRONG}) from None
    user = await lock_user(session, viewer.id)
    number = await session.scalar(select(func.count()).where(Passkey.user_id == user.id))
    if (number or 0) >= MOST_PASSKEYS:
        await session.commit()
        raise LimitReachedError(
            {
                "": _(
                    "You have %(most)s passkeys, which is the maximum. Remove one first.",
                    most=MOST_PASSKEYS,
                )
            }
        )
    added = await session.scalar(
        insert(Passkey)
        .values(user_id=user.id, name=name, **new._asdict())
        .on_conflict_do_nothing()
        .returning(Passkey.id)
    )
    if added is None:
        await session.commit()
        raise InvalidFieldsError({"": IS_KNOWN})
    codes = await after_addition(
        session, user, lazy_gettext("The passkey “%(name)s” was added.", name=name)
    )
    await session.commit()
    note(Event.SECOND_FACTOR_ADDED, user.id)
    return codes


async def rename_passkey(session: AsyncSession, viewer: Viewer, passkey_id: int, name: str) -> None:
    """Rename one of the viewer's passkeys.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    renamed = await session.scalar(
        update(Passkey)
        .where(Passkey.id == passkey_id, Passkey.user_id == viewer.id)
        .values(name=name)
        .returning(Passkey.id)
    )
    await session.commit()
    if renamed is None:
        raise NotFoundError(IS_GONE)


async def remove_passkey(session: AsyncSession, viewer: Viewer, passkey_id: int) -> None:
    """Remove one of the viewer's passkeys.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    user = await lock_user(session, viewer.id)
    name = await session.scalar(
        delete(Passkey)
        .where(Passkey.id == passkey_id, Passkey.user_id == user.id)
        .returning(Passkey.name)
    )
    if name is not None:
        await after_removal(
            session, user, lazy_gettext("The passkey “%(name)s” was removed.", name=name)
        )
    await session.commit()
    if name is None:
        raise NotFoundError(IS_GONE)
    note(Event.SECOND_FACTOR_REMOVED, user.id)
