"""Accounts with a second factor."""

import time
from typing import NamedTuple

from sqlalchemy import insert, update

from blog.accounts.second_factor.codes import sealing_context
from blog.accounts.second_factor.recovery import replace_codes
from blog.core.crypto.one_time_codes import STEP_SECONDS, code_of, new_secret
from blog.core.web.app import Broadside
from blog.models import Authenticator, User
from tests.support import PASSWORD, Browser

SECOND_STEP = "/auth/login/second-factor"


def shown(secret: bytes, steps: int = 0) -> str:
    """The code that an app shows now, or showed or will show some steps of 30 seconds later."""
    return code_of(secret, int(time.time()) // STEP_SECONDS + steps)


class Phone(NamedTuple):
    """A phone with an authenticator app, and recovery codes on paper."""

    secret: bytes
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """As in `shown`."""
        return shown(self.secret, steps)


async def add_phone(app: Broadside, user: User) -> Phone:
    """Give a user an authenticator app."""
    secret = new_secret()
    async with app.database.session() as session:
        sealed = app.sealer.seal(secret, sealing_context(user.id))
        await session.execute(insert(Authenticator).values(user_id=user.id, secret=sealed))
        await session.execute(update(User).where(User.id == user.id).values(has_second_factor=True))
        codes = await replace_codes(session, user.id)
        await session.commit()
    return Phone(secret, codes)


async def send_password(browser: Browser, login: str = "susan", **fields: str) -> None:
    """Do the first step of a login, and see that it leads to the second."""
    answer = await browser.submit("/auth/login", {"email": login, "password": PASSWORD, **fields})
    assert answer.headers["location"].startswith(SECOND_STEP), answer.text
