"""Creating and withdrawing invitations. Each function is one transaction."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.invitations import queries
from blog.accounts.invitations.schemas import InvitationForm
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, LimitReachedError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.purging.keys import user_key
from blog.core.purging.marks import mark
from blog.core.site_settings.values import Registration, SiteSettings
from blog.core.web.submissions import submission_key
from blog.models import Invitation, Permission, User

IS_CLOSED = lazy_gettext("This site isn't taking new members.")
NONE_LEFT = lazy_gettext("You've sent as many invitations as you can in 30 days.")
IS_GONE = lazy_gettext("This invitation doesn't exist.")


async def invite(
    session: AsyncSession, inviter: Viewer, form: InvitationForm, site: SiteSettings
) -> Invitation:
    """Create an invitation. The same form sent twice creates one, and returns it twice.

    Raises:
        ForbiddenError: the site is closed, or the inviter is not confirmed.
        LimitReachedError: the inviter has none left. Administrators have no limit.
    """
    if site.registration is Registration.CLOSED:
        raise ForbiddenError(IS_CLOSED)
    if not inviter.can(Permission.FOLLOW):
        raise ForbiddenError
    # Requests of one person wait for each other here, or they could exceed the limit together.
    await session.execute(
        select(User.id).where(User.id == inviter.id).with_for_update(key_share=True)
    )
    submission = submission_key(form, inviter.id, form.note)
    if submission is not None:
        earlier = await session.scalar(
            select(Invitation).where(Invitation.submission == submission)
        )
        if earlier is not None:
            await session.commit()
            return earlier
    recent = await queries.count_recent_invitations(session, inviter.id)
    if remaining_invitations(inviter, site, recent) == 0:
        raise LimitReachedError({"note": NONE_LEFT})
    invitation = Invitation(
        inviter_id=inviter.id,
        note=form.note,
        expires_at=now() + timedelta(days=site.invitation_days),
        submission=submission,
    )
    session.add(invitation)
    await session.commit()
    return invitation


async def withdraw(session: AsyncSession, inviter: Viewer, invitation_id: int) -> bool:
    """Withdraw an invitation.

    Returns:
        Whether it was still open.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    row = await session.scalar(
        select(Invitation)
        .where(Invitation.id == invitation_id, Invitation.inviter_id == inviter.id)
        .with_for_update()
    )
    if row is None:
        raise NotFoundError(IS_GONE)
    is_open = row.used_at is None and row.revoked_at is None
    if is_open:
        await session.execute(
            update(Invitation).where(Invitation.id == row.id).values(revoked_at=now())
        )
    await session.commit()
    return is_open


async def show_inviter(session: AsyncSession, viewer: Viewer, *, shown: bool) -> None:
    """Choose whether the viewer's profile says who invited them."""
    await session.execute(update(User).where(User.id == viewer.id).values(shows_inviter=shown))
    await mark(session, user_key(viewer.id))
    await session.commit()


def remaining_invitations(inviter: Viewer, site: SiteSettings, recent: int) -> int | None:
    """How many invitations a user can still create; `None` for administrators, who have no limit.

    Args:
        recent: how many they have created within `queries.PERIOD`.
    """
    if inviter.can(Permission.ADMIN):
        return None
    return max(0, site.invitations_per_month - recent)
