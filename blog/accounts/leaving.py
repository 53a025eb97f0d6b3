"""Leaving the site: an account is deleted with all that belongs to it.

First the password is asked for, then a link in a mail leads to the page whose button deletes:
neither a browser that was left open nor a mailbox alone is enough.
"""

import logging

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Select, delete, func, or_, select, union
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.attempts import forgive
from blog.accounts.authentication import Client, authenticate
from blog.accounts.links import check_credentials, credentials_of, refuse_other_account
from blog.admin.administrators import LastAdministratorError, lock_administrators
from blog.errors import InvalidFieldsError
from blog.kit.database import is_deadlock
from blog.kit.passwords import Passwords
from blog.kit.tokens import InvalidTokenError, LinkSigner
from blog.kit.urls import external_url
from blog.mail import outbox
from blog.models import Comment, CommentBlock, Email, Follow, Permission, Post, User

DELETE_ACCOUNT = "delete account"
TRIES = 5

log = logging.getLogger(__name__)


async def ask_to_confirm(
    session: AsyncSession, account: User, password: SecretStr, passwords: Passwords, *,
    links: LinkSigner, client: Client,
) -> None:  # fmt: skip
    """Send the mail with the link that leads to the deletion.

    Raises:
        InvalidFieldsError: it is not the person's password, or enough of these mails have been
            sent for now.
        TooManyAttemptsError: too many wrong passwords were tried.
        LastAdministratorError: nobody else could look after the site.
    """
    user = await authenticate(session, passwords, account.email, password, client)
    if user is None:
        raise InvalidFieldsError({"password": "This is not your password."})
    await forgive(session, user, client.address)
    await _keep_an_administrator(session, user)
    token = links.sign(DELETE_ACCOUNT, {"user": user.id, "credentials": credentials_of(user)})
    link = external_url("leaving.confirm_deletion", token=token)
    mail = await outbox.put(session, to=user.email, message="delete_account", user=user, link=link)
    await session.commit()
    if mail is None:
        raise InvalidFieldsError(
            {"": "We have sent you several of these mails. Use the last one, or wait an hour."}
        )


def check_link(account: User, token: str, links: LinkSigner) -> None:
    """Make sure that a link was mailed to this person, and still holds.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for somebody else.
        InvalidTokenError: it is not one of ours, or the password or the address has been
            changed since.
    """
    content = links.read(DELETE_ACCOUNT, token)
    refuse_other_account(account, content["user"])
    check_credentials(account, content)


async def delete_account(
    session: AsyncSession, account: User, token: str, links: LinkSigner
) -> None:
    """Delete an account with its posts, comments, follows, sessions and mails.

    The counts of everybody else are kept by the triggers of these tables. The audit log
    keeps the name. What the person's own programs write at this very moment comes too late to
    be locked in order; where it stands in the way, all is tried again.

    Raises:
        InvalidTokenError: as `check_link`; or the account has been deleted by a request at
            the same moment.
        LastAdministratorError: nobody else could look after the site.
    """
    check_link(account, token, links)
    user_id = account.id  # A rollback makes SQLAlchemy forget what it has loaded.
    for tries_left in reversed(range(TRIES)):
        try:
            await _delete(session, user_id, token, links)
        except DBAPIError as error:
            if not tries_left or not is_deadlock(error):
                raise
            await session.rollback()
        else:
            break
    log.info("user %d has left and is deleted", user_id)


async def _delete(session: AsyncSession, user_id: int, token: str, links: LinkSigner) -> None:
    user = await _locked_with_all_that_goes(session, user_id)
    if user is None:
        raise InvalidTokenError
    check_link(user, token, links)
    await _keep_an_administrator(session, user)
    for statement in (
        delete(Follow).where(_of_or_to(user.id)),
        delete(Comment).where(Comment.author_id == user.id),
        delete(Post).where(Post.author_id == user.id),
        delete(Email).where(Email.recipient == user.email),
        delete(User).where(User.id == user.id),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))
    await session.commit()


async def _locked_with_all_that_goes(session: AsyncSession, user_id: int) -> User | None:
    """Wait for whoever is at work on what will be deleted, and keep everybody else waiting.

    Two transactions never wait for each other if all lock rows in the same order: here, as
    in the moderators' acts and the triggers that count, it is follows, posts, comments, users,
    blocks, and rows of one kind by their ids. The counts of the neighbours change: those with
    smaller ids than the person's come before him. Once he is locked nobody can refer to him,
    and nobody new becomes a neighbour; then come the others.

    Returns:
        The person as he is at that moment, with the role; `None` if he is gone.
    """
    own = select(Post.id).where(Post.author_id == user_id)
    commented = select(Comment.post_id).where(Comment.author_id == user_id)
    followers = select(Follow.follower_id).where(Follow.followed_id == user_id)
    followed = select(Follow.followed_id).where(Follow.follower_id == user_id)
    await _lock(
        session,
        select(Follow.follower_id)
        .where(_of_or_to(user_id))
        .order_by(Follow.follower_id, Follow.followed_id)
        .with_for_update(),
    )
    await _lock(
        session,
        select(Post.id).where(Post.id.in_(union(own, commented))).order_by(Post.id)
        .with_for_update(),
    )  # fmt: skip
    await _lock(
        session,
        select(Comment.id).where(Comment.author_id == user_id).order_by(Comment.id)
        .with_for_update(),
    )  # fmt: skip
    neighbours = select(User.id).where(User.id.in_(union(followers, followed))).order_by(User.id)
    neighbours = neighbours.with_for_update(key_share=True)
    await _lock(session, neighbours.where(User.id < user_id))
    user = await session.scalar(
        select(User)
        .where(User.id == user_id)
        .options(joinedload(User.role, innerjoin=True))
        .with_for_update(of=User)
        .execution_options(populate_existing=True)
    )
    await _lock(session, neighbours)
    # The comments go post by post, and the triggers would come to the blocks in any order.
    theirs = or_(Comment.author_id == user_id, Comment.post_id.in_(own))
    numbers = select(Comment.id.op("/")(CommentBlock.SIZE)).where(theirs)
    await _lock(
        session,
        select(CommentBlock.number).where(CommentBlock.number.in_(numbers))
        .order_by(CommentBlock.number).with_for_update(key_share=True),
    )  # fmt: skip
    return user


async def _lock(session: AsyncSession, rows: Select[int]) -> None:
    """Run a query that locks; counting there leaves the rows, which may be many, where they are."""
    await session.execute(select(func.count()).select_from(rows.subquery()))


async def _keep_an_administrator(session: AsyncSession, user: User) -> None:
    """Whoever is no administrator needs not wait for those who are."""
    if user.role.grants(Permission.ADMIN) and await lock_administrators(session) == {user.id}:
        raise LastAdministratorError


def _of_or_to(user_id: int) -> ColumnElement[bool]:
    """Whom this person follows, and who follows him."""
    return or_(Follow.follower_id == user_id, Follow.followed_id == user_id)
