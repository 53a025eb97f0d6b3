"""The gate: who may have an account.

Every way to create an account goes through `enter`: the page, the API, an invitation, and a login
with another service. The one exception is the operator, at the command line. The settings decide
(`Registration`), and are read in the transaction that adds the account, so that closing the gate
takes effect at once.
"""

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountRegistered
from blog.accounts.invitations.links import read_invitation
from blog.accounts.registration.adding import insert_account
from blog.accounts.registration.disposable import refuse_disposable
from blog.core.clock import now
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import ForbiddenError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.site_settings.keeper import read_settings
from blog.core.site_settings.values import Registration, SiteSettings
from blog.core.web.app import current_app
from blog.models import Application, Invitation, Role, User

CLOSED = lazy_gettext("This site isn't taking new members.")
BY_INVITATION = lazy_gettext("You need an invitation to sign up on this site.")
NOT_VALID = lazy_gettext(
    "This invitation has expired, or was used or withdrawn. Please ask for another one."
)
SETTINGS = ("registration", "refuse_disposable", "allowed_email_domains", "refused_email_domains")


class GateClosedError(ForbiddenError):
    """The site doesn't let this person have an account."""


@dataclass(frozen=True)
class Newcomer:
    """A person who would like to have an account, by whichever way.

    Attributes:
        email: their address, valid and in lower case.
        username: a valid username.
        invitation: the token of their invitation link; empty if there is none.
        application: why they would like to join, if they say so.
        has_proved_address: whether a trusted issuer says that the address is theirs.
        language: the language of the pages for them; `None` leaves it to their browser.
    """

    email: str
    username: str
    invitation: str = ""
    application: str = ""
    has_proved_address: bool = False
    language: str | None = None


@dataclass(frozen=True)
class Gate:
    """The parts of the application that the gate needs.

    Attributes:
        defaults: the values of settings that are not stored.
        links: the signer that checks invitation links.
    """

    defaults: SiteSettings
    links: LinkSigner

    @classmethod
    def of_site(cls) -> "Gate":
        """The gate of the current application."""
        return cls(current_app.site_settings.defaults, current_app.links)


class Admission(NamedTuple):
    """The conditions on which a newcomer is admitted.

    Attributes:
        invitation: their invitation, locked.
        awaits_approval: whether an administrator has to approve the account first.
    """

    invitation: Invitation | None
    awaits_approval: bool


async def admit(session: AsyncSession, newcomer: Newcomer, gate: Gate) -> Admission:
    """Decide whether a newcomer may have an account; nothing is changed.

    Call it before anything expensive, such as hashing a password; `enter` checks again.

    Raises:
        GateClosedError: they may not.
        InvalidFieldsError: the address is disposable.
    """
    site = await read_settings(session, gate.defaults, SETTINGS)
    invitation = await _find_invitation(session, newcomer.invitation, site, gate.links, lock=True)
    refuse_disposable(newcomer.email, site)
    awaits_approval = site.registration is Registration.APPROVAL and invitation is None
    return Admission(invitation, awaits_approval)


async def require_open(session: AsyncSession, token: str, gate: Gate) -> bool:
    """Check, before the form is shown, that a person with this invitation may sign up.

    Args:
        token: the token of the invitation; empty if there is none.

    Returns:
        Whether the invitation is valid.

    Raises:
        GateClosedError: they may not sign up.
    """
    site = await read_settings(session, gate.defaults, SETTINGS)
    return await _find_invitation(session, token, site, gate.links, lock=False) is not None


async def enter(
    session: AsyncSession, newcomer: Newcomer, gate: Gate, role: Role, *, password_hash: str,
    submission: UUID | None = None,
) -> User:  # fmt: skip
    """Add the account of a newcomer, if they are admitted; the caller commits.

    It is confirmed if the address is proved and nobody has to approve the account.

    Args:
        role: their role, once the account is confirmed.
        password_hash: the hash of their password; if they have none, a hash that matches nothing.
        submission: the idempotency key of the form.

    Raises:
        GateClosedError: as in `admit`.
        InvalidFieldsError: as in `admit`; or the address or the username is taken.
    """
    invitation, awaits_approval = await admit(session, newcomer, gate)
    is_confirmed = newcomer.has_proved_address and not awaits_approval
    user = await insert_account(
        session, newcomer.email, newcomer.username, password_hash, role,
        submission=submission,
        awaits_approval=awaits_approval,
        confirmed_at=now() if is_confirmed else None,
        invited_by_id=invitation.inviter_id if invitation else None,
        interface_language=newcomer.language,
    )  # fmt: skip
    if invitation is not None:
        used = update(Invitation).where(Invitation.id == invitation.id)
        await session.execute(used.values(used_at=now(), invitee_id=user.id))
    if awaits_approval:
        proved_at = now() if newcomer.has_proved_address else None
        session.add(Application(user_id=user.id, text=newcomer.application, proved_at=proved_at))
    await record(session, AccountRegistered(user.id))
    return user


async def _find_invitation(
    session: AsyncSession, token: str, site: SiteSettings, links: LinkSigner, *, lock: bool
) -> Invitation | None:
    """The invitation of a person who may sign up, if it is valid.

    Args:
        lock: whether to lock it, so that two people who use it at the same time take turns.

    Raises:
        GateClosedError: they may not sign up.
    """
    if site.registration is Registration.CLOSED:
        raise GateClosedError(CLOSED)
    invitation = await _valid_invitation(session, token, links, lock=lock) if token else None
    if site.registration is Registration.INVITATION and invitation is None:
        raise GateClosedError(NOT_VALID if token else BY_INVITATION)
    return invitation


async def _valid_invitation(
    session: AsyncSession, token: str, links: LinkSigner, *, lock: bool
) -> Invitation | None:
    try:
        invitation_id = read_invitation(links, token)
    except InvalidTokenError:
        return None
    # Invitations by users whose account is disabled, or is being deleted, are not valid.
    found = (
        select(Invitation)
        .join(User, User.id == Invitation.inviter_id)
        .where(
            Invitation.id == invitation_id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now(),
            User.disabled_at.is_(None),
        )
    )
    return await session.scalar(found.with_for_update(of=Invitation) if lock else found)
