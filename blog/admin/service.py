"""Actions of administrators on accounts. Each function is one transaction, with its entry in the
audit log.

Actions of pages start with `_lock_account`, which locks the account and then the administrators,
and checks that the viewer is still one of them. `OPERATOR`, at the command line, may do
everything.
"""

from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.administrators import LastAdministratorError, lock_administrators
from blog.accounts.deletion.service import remove_account
from blog.accounts.events import AccountDisabled, AccountEnabled
from blog.accounts.passwords.new_passwords import refuse_context_words
from blog.accounts.passwords.service import reset_link, send_reset_link
from blog.accounts.registration.adding import insert_account
from blog.accounts.registration.uniqueness import uniqueness_error
from blog.accounts.registration.usernames import fold
from blog.accounts.schemas import UserCreate
from blog.accounts.sessions.service import end_all_access
from blog.accounts.tokens.service import ALREADY_REVOKED
from blog.admin.events import AccountCreated, RoleChanged
from blog.admin.policies import may_administer, may_disable
from blog.admin.schemas import AccountForm
from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import OPERATOR, Viewer
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import LinkSigner
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import gettext as _
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.mail import outbox
from blog.models import (
    Act,
    ApiToken,
    Application,
    Measure,
    MeasureKind,
    Mention,
    Permission,
    Role,
    User,
)
from blog.models.account_deletion import not_deleted
from blog.moderation.measures.service import add_measure, end_measures
from blog.moderation.rules import Grounds


async def create_account(
    session: AsyncSession, form: UserCreate, passwords: Passwords, role_name: str
) -> User:
    """Create an account as the operator, who vouches for the address: it is confirmed at once.

    Raises:
        InvalidFieldsError: there is no such role; the e-mail address or the username is taken,
            ignoring case, or is the password.
    """
    role = await _find_role(session, role_name)
    refuse_context_words(form.password, passwords, username=form.username, email=form.email)
    await session.commit()  # Hold no connection during hashing.
    password_hash = await passwords.hash(form.password.get_secret_value())
    user = await insert_account(
        session, form.email, form.username, password_hash, role, confirmed_at=now()
    )
    audit.record(session, OPERATOR, Act.CREATE_ACCOUNT, user, role=role.name)
    await record(session, AccountCreated(user.id))
    await session.commit()
    return user


async def change_role(
    session: AsyncSession, viewer: Viewer, user_id: int, role_name: str, reason: str = ""
) -> User:
    """Change the role of an account.

    Args:
        reason: for the audit log; the operator may give none.

    Raises:
        NotFoundError: the account no longer exists.
        InvalidFieldsError: there is no such role.
        LastAdministratorError: there would be no administrator.
        ForbiddenError: the viewer is no longer an administrator.
    """
    user, administrators = await _lock_account(session, viewer, user_id)
    role = await _find_role(session, role_name)
    if role.id != user.role_id:
        _require_remaining_administrator(administrators, user, stays=role.grants(Permission.ADMIN))
        details = {"role": [user.role.name, role.name], **_reason_details(reason)}
        audit.record(session, viewer, Act.CHANGE_ROLE, user, **details)
        user.role = role
        await record(session, RoleChanged(user.id))
    await session.commit()
    return user


async def disable(session: AsyncSession, viewer: Viewer, user_id: int, reason: str = "") -> User:
    """Disable an account: its sessions and API tokens end at once. Its posts and comments stay.

    Args:
        reason: for the audit log; the operator may give none.

    Raises:
        NotFoundError: the account no longer exists.
        InvalidFieldsError: it is the viewer's own account.
        LastAdministratorError: there would be no administrator.
        ForbiddenError: the viewer is no longer an administrator.
    """
    user, administrators = await _lock_account(session, viewer, user_id)
    if not may_disable(viewer, user):
        raise InvalidFieldsError({"": _("You can't disable your own account.")})
    if not user.is_disabled:
        _require_remaining_administrator(administrators, user, stays=False)
        entry = audit.record(session, viewer, Act.DISABLE, user, **_reason_details(reason))
        user.disabled_at = now()
        await add_measure(session, viewer, user, MeasureKind.DISABLE, Grounds(reason))
        await record(session, AccountDisabled(user.id))
        await end_all_access(session, user)
        await moderation_log.publish(session, entry)
    await session.commit()
    return user


async def enable(session: AsyncSession, viewer: Viewer, user_id: int) -> User:
    """Enable a disabled account.

    Raises:
        NotFoundError: the account no longer exists.
        ForbiddenError: the viewer is no longer an administrator.
    """
    user, _administrators = await _lock_account(session, viewer, user_id)
    if user.is_disabled:
        entry = audit.record(session, viewer, Act.ENABLE, user)
        user.disabled_at = None
        is_disabling = and_(Measure.person_id == user.id, Measure.kind == MeasureKind.DISABLE)
        await end_measures(session, is_disabling)
        await record(session, AccountEnabled(user.id))
        await moderation_log.publish(session, entry)
    await session.commit()
    return user


async def delete_account(session: AsyncSession, user_id: int, reason: str = "") -> User:
    """Delete an account with everything that belongs to it, as the operator.

    It is hidden from everyone when this returns; a background job deletes its rows.

    Args:
        reason: for the audit log.

    Returns:
        The account, with its former name.

    Raises:
        NotFoundError: the account no longer exists.
        LastAdministratorError: there would be no administrator.
    """
    user, administrators = await _lock_account(session, OPERATOR, user_id, for_deletion=True)
    _require_remaining_administrator(administrators, user, stays=False)
    entry = audit.record(session, OPERATOR, Act.DELETE_ACCOUNT, user, **_reason_details(reason))
    await remove_account(session, user)
    await moderation_log.publish(session, entry)
    await session.commit()
    return user


async def offer_new_password(
    session: AsyncSession, user_id: int, links: LinkSigner, *, by_mail: bool
) -> str:
    """Create a link for setting a new password, valid once and for an hour.

    Args:
        by_mail: whether to email it to the user. Otherwise the operator passes it on, and could
            also use it.

    Returns:
        The link.

    Raises:
        NotFoundError: the account no longer exists.
        InvalidFieldsError: too many of these emails were sent recently.
    """
    user, _administrators = await _lock_account(session, OPERATOR, user_id)
    if by_mail and not await send_reset_link(session, user, links):
        raise InvalidFieldsError(
            {"": _("Several of these links have already been sent to %(email)s.", email=user.email)}
        )
    act = Act.SEND_RESET_LINK if by_mail else Act.SHOW_RESET_LINK
    audit.record(session, OPERATOR, act, user)
    await session.commit()
    return reset_link(user, links)


async def edit_account(
    session: AsyncSession, viewer: Viewer, user_id: int, form: AccountForm
) -> None:
    """Change an account and its profile. If the address changes, the old one is notified.

    The audit log records the names of the changed fields, but only the values of role and username:
    it outlives the account, whose other data is private.

    Raises:
        NotFoundError: the account no longer exists.
        InvalidFieldsError: the e-mail address or the username is taken, ignoring case, or there is
            no such role. Loaded objects stay usable.
        LastAdministratorError: there would be no administrator.
        ForbiddenError: the viewer is no longer an administrator.
    """
    user, administrators = await _lock_account(session, viewer, user_id)
    role = await _find_role(session, form.role)
    _require_remaining_administrator(
        administrators, user, stays=form.confirmed and role.grants(Permission.ADMIN)
    )
    wanted: dict[str, Any] = form.model_dump(exclude={"confirmed", "role", "reason"})
    wanted["confirmed_at"] = (user.confirmed_at or now()) if form.confirmed else None
    if form.confirmed:
        wanted["awaits_approval"] = False
    wanted["role_id"] = role.id
    if form.username != user.username:
        wanted["username_fold"] = fold(form.username)
    changes = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    if changes:
        details = _change_details(changes, user, role) | {"reason": form.reason}
        audit.record(session, viewer, Act.EDIT_PROFILE, user, **details)
        try:
            # A statement in a savepoint instead of attributes and a flush: after an error the page
            # is rendered again, and needs the unchanged objects.
            async with session.begin_nested():
                await session.execute(
                    update(User)
                    .where(User.id == user.id)
                    .values(changes)
                    .execution_options(synchronize_session=False)
                )
        except IntegrityError as error:
            raise uniqueness_error(error) from None
        await mark(session, SITE)
        if "username" in changes:
            # Texts mention a name that no longer exists; this makes a job render them again.
            await session.execute(
                update(Mention).where(Mention.user_id == user.id).values(user_id=None)
            )
        if "awaits_approval" in changes:
            await session.execute(delete(Application).where(Application.user_id == user.id))
        if "role_id" in changes:
            await record(session, RoleChanged(user.id))
        if "email" in changes:
            await outbox.put(session, to=user, message="email_changed", user=user)
    await session.commit()


async def revoke_token(session: AsyncSession, token_id: int) -> User:
    """Revoke an API token, as the operator.

    Returns:
        The user of the token.

    Raises:
        NotFoundError: there is no token with this id.
    """
    user = await session.scalar(
        select(User)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(ApiToken.id == token_id)
        .with_for_update(of=User, key_share=True)
    )
    if user is None:
        raise NotFoundError(ALREADY_REVOKED)
    await session.execute(delete(ApiToken).where(ApiToken.id == token_id))
    audit.record(session, OPERATOR, Act.REVOKE_TOKENS, user, token=token_id)
    await session.commit()
    return user


async def revoke_all_tokens(session: AsyncSession, user: User) -> int:
    """Revoke all API tokens of a user, as the operator.

    Returns:
        The number of tokens.
    """
    revoked = await session.scalars(
        delete(ApiToken).where(ApiToken.user_id == user.id).returning(ApiToken.id)
    )
    number = len(revoked.all())
    audit.record(session, OPERATOR, Act.REVOKE_TOKENS, user, number=number)
    await session.commit()
    return number


async def _lock_account(
    session: AsyncSession, viewer: Viewer, user_id: int, *, for_deletion: bool = False
) -> tuple[User, set[int]]:
    """Lock the account and the administrators, and check that the viewer is one of them."""
    user = await session.scalar(
        select(User)
        .where(User.id == user_id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
        .with_for_update(of=User, key_share=not for_deletion)
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFoundError(_("This user doesn't exist."))
    administrators = await lock_administrators(session)
    is_administrator = viewer is OPERATOR or viewer.id in administrators
    if not (may_administer(viewer) and is_administrator):
        raise ForbiddenError
    return user, administrators


async def _find_role(session: AsyncSession, name: str) -> Role:
    role = await session.scalar(select(Role).where(Role.name == name))
    if role is None:
        raise InvalidFieldsError({"role": _("There's no role called %(name)s.", name=name)})
    return role


def _require_remaining_administrator(administrators: set[int], user: User, *, stays: bool) -> None:
    """Refuse an action that would leave the site without an administrator."""
    if administrators == {user.id} and not stays:
        raise LastAdministratorError


def _reason_details(reason: str) -> dict[str, str]:
    return {"reason": reason} if reason else {}


def _change_details(changes: dict[str, Any], user: User, role: Role) -> dict[str, object]:
    """The details of an edit of an account, for the audit log."""
    fields = changes.keys() - {"username_fold"}
    changed = sorted(name.removesuffix("_id").removesuffix("_at") for name in fields)
    details: dict[str, object] = {"changed": changed}
    if "role_id" in changes:
        details["role"] = [user.role.name, role.name]
    if "username" in changes:
        details["username"] = [user.username, changes["username"]]
    return details
