"""The application object: Quart, with Broadside's parts as attributes."""

from typing import cast

import quart
from quart import Quart, g
from sqlalchemy.ext.asyncio import AsyncSession

from blog.kit.database import Database
from blog.kit.passwords import Passwords
from blog.kit.tokens import LinkSigner
from blog.mail.worker import MailWorker
from settings import Settings


class Broadside(Quart):
    """One application; two of them in one process share nothing."""

    settings: Settings
    database: Database
    passwords: Passwords
    links: LinkSigner
    mail_worker: MailWorker


current_app = cast(Broadside, quart.current_app)


def db() -> AsyncSession:
    """The request's own database session, made on first use and closed at its end."""
    if "db" not in g:
        g.db = current_app.database.session()
    return cast(AsyncSession, g.db)


async def close_db(_error: BaseException | None = None) -> None:
    """Give the request's connection back; what was not committed is rolled back."""
    if "db" in g:
        await g.pop("db").close()
