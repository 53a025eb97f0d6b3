"""Checking that a user has a passkey."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.passkeys.challenges import mark_challenge_used
from blog.accounts.passkeys.queries import passkey_by_credential
from blog.core.auth.security_log import Event, note
from blog.core.clock import now
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.mail import outbox
from blog.models import Passkey, User

EXPIRED = lazy_gettext("This took too long. Please try again.")
UNKNOWN = lazy_gettext("This passkey doesn't belong to an account here. It may have been removed.")
WRONG = lazy_gettext("This passkey couldn't be checked. Please try again, or log in another way.")
IS_COPY = lazy_gettext(
    "This passkey may have been copied, so we've refused it and emailed its owner. Log in another "
    "way, remove it, and add a new one."
)


async def check_passkey(
    session: AsyncSession, response: str, challenge: bytes | None, *, user_id: int | None = None
) -> Passkey:
    """Check the response of a passkey, which can't be used again; the caller commits.

    Args:
        response: the browser's response, as JSON.
        challenge: the challenge in the browser's session, if there is one.
        user_id: the user whose passkey it must be; `None` for any user.

    Raises:
        InvalidFieldsError: it is forged, damaged, or was sent before; it is for another site or
            another account; or its counter has fallen.
    """
    from blog.accounts.passkeys import ceremonies  # noqa: PLC0415

    if challenge is None:
        raise InvalidFieldsError({"": EXPIRED})
    is_first = await mark_challenge_used(session, challenge)
    passkey = None
    try:
        credential = ceremonies.parse_assertion(response)
        passkey = await passkey_by_credential(session, credential.raw_id)
        if passkey is None or (user_id is not None and passkey.user_id != user_id):
            await session.commit()
            raise InvalidFieldsError({"": UNKNOWN})
        if not is_first:
            raise ceremonies.InvalidResponseError
        counter = ceremonies.verify_assertion(credential, passkey, challenge)
    except ceremonies.InvalidResponseError:
        await session.commit()
        note(Event.WRONG_PASSKEY, passkey.user_id if passkey else None)
        raise InvalidFieldsError({"": WRONG}) from None
    if not await _update_counter(session, passkey, counter):
        await _notify_of_copy(session, passkey)
        await session.commit()
        note(Event.COPIED_PASSKEY, passkey.user_id)
        raise InvalidFieldsError({"": IS_COPY})
    return passkey


async def _update_counter(session: AsyncSession, passkey: Passkey, counter: int) -> bool:
    """Store the counter, unless it has fallen (Web Authentication, 7.2, step 22).

    Synced passkeys have none: theirs is always 0.
    """
    # Locked before the row of the passkey, in the same order as deletions.
    await session.execute(
        select(User.id).where(User.id == passkey.user_id).with_for_update(read=True)
    )
    has_risen = Passkey.sign_count < counter if counter else Passkey.sign_count == 0
    counted = await session.scalar(
        update(Passkey)
        .where(Passkey.id == passkey.id, has_risen)
        .values(sign_count=counter, last_used_at=now())
        .returning(Passkey.id)
        .execution_options(synchronize_session=False)
    )
    return counted is not None


async def _notify_of_copy(session: AsyncSession, passkey: Passkey) -> None:
    user = await session.get(User, passkey.user_id)
    if user is not None:
        await outbox.put(session, to=user, message="passkey_copied", user=user, passkey=passkey)
