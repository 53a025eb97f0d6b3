"""When people were seen last."""

from datetime import timedelta

from quart import Quart
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.identity import current_user
from blog.kit.clock import now
from blog.models import User
from blog.web.app import db

PAUSE = timedelta(minutes=1)


async def note_presence() -> None:
    """Before a request: write down that the person is here, at most once a minute.

    Most requests find in the row that was loaded anyway that it is too early.
    """
    account = current_user.account
    if account is not None and now() - account.last_seen_at >= PAUSE:
        await see(db(), account)


async def see(session: AsyncSession, user: User) -> None:
    """Set when `user` was seen last, unless another request has just done so.

    A row that somebody else has locked is left alone: reading a page never waits for that.
    """
    moment = now()
    due = (
        select(User.id)
        .where(User.id == user.id, User.last_seen_at <= moment - PAUSE)
        .with_for_update(key_share=True, skip_locked=True)
        .scalar_subquery()
    )
    await session.execute(
        update(User)
        .where(User.id == due)
        .values(last_seen_at=moment)
        .execution_options(synchronize_session=False)
    )
    await session.commit()


def init_app(app: Quart) -> None:
    """Let `app` notice people, once it knows who is asking."""
    app.before_request(note_presence)
