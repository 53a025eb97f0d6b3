"""Decisions about applications. Each function is one transaction, with its entry in the audit
log."""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.administrators import lock_administrators
from blog.accounts.deletion.service import remove_account
from blog.accounts.events import AccountConfirmed
from blog.accounts.links import CONFIRM
from blog.core.auth import audit
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.crypto.tokens import LinkSigner
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Act, Application, User

IS_DECIDED = lazy_gettext("Someone has already decided about this application.")


async def approve(session: AsyncSession, viewer: Viewer, user_id: int, links: LinkSigner) -> User:
    """Let an applicant in. If their address isn't proved yet, they get another link to confirm it.

    Raises:
        NotFoundError: it was decided already, or the account is gone.
        ForbiddenError: the viewer is not an administrator any more.
    """
    application = await _lock_application(session, viewer, user_id)
    user, proved_at = application.user, application.proved_at
    await session.execute(
        update(User)
        .where(User.id == user.id)
        .values(awaits_approval=False, confirmed_at=now() if proved_at else None)
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(Application).where(Application.user_id == user.id))
    audit.record(session, viewer, Act.APPROVE_APPLICATION, user)
    if proved_at:
        await record(session, AccountConfirmed(user.id))
        link = external_url("login.login")
    else:
        token = links.sign(CONFIRM, {"user": user.id, "email": user.email})
        link = external_url("registration.confirm", token=token)
    await outbox.put(
        session, to=user, message="application_approved", user=user, link=link,
        is_proved=proved_at is not None,
    )  # fmt: skip
    await session.commit()
    return user


async def refuse(session: AsyncSession, viewer: Viewer, user_id: int, reason: str) -> str:
    """Refuse an application: delete the account, and notify the applicant.

    Args:
        reason: for the applicant and the audit log; it may be empty.

    Returns:
        The username that they had chosen.

    Raises:
        NotFoundError: it was decided already, or the account is gone.
        ForbiddenError: the viewer is not an administrator any more.
    """
    application = await _lock_application(session, viewer, user_id)
    user = application.user
    address, username, language = user.email, user.username, user.interface_language
    details = {"reason": reason} if reason else {}
    audit.record(session, viewer, Act.REFUSE_APPLICATION, user, **details)
    await remove_account(session, user)
    # Added after the deletion, which removes all queued mails to this address.
    await outbox.put(
        session,
        to=address,
        language=language,
        message="application_refused",
        username=username,
        reason=reason,
    )
    await session.commit()
    return username


async def _lock_application(session: AsyncSession, viewer: Viewer, user_id: int) -> Application:
    """Lock the account, and check that it still awaits approval and that the viewer may decide."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())
    administrators = await lock_administrators(session)
    if viewer.id not in administrators:
        raise ForbiddenError
    application = await session.scalar(
        select(Application)
        .where(Application.user_id == user_id)
        .options(joinedload(Application.user, innerjoin=True))
        .execution_options(populate_existing=True)
    )
    if application is None:
        raise NotFoundError(IS_DECIDED)
    return application
