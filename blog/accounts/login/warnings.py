"""Telling the owner of an account that somebody is trying to guess its password."""

from blog.accounts.queries import user_by_login
from blog.core.web.app import current_app
from blog.core.web.urls import external_url
from blog.mail import outbox


def warn_of_attempts(login: str) -> None:
    """Have a mail sent to the owner of an account, if there is one, after the answer.

    The time that this takes would tell whether there is. One mail a day is sent
    (`blog.mail.outbox`); where too much waits already, another attempt sends it.

    Args:
        login: what was typed as the account.
    """
    current_app.backlog.add(_send_warning, login)


async def _send_warning(login: str) -> None:
    async with current_app.database.session() as session:
        user = await user_by_login(session, login)
        if user is not None and user.is_confirmed and not user.is_disabled:
            link = external_url("passwords.forgotten")
            await outbox.put(
                session, to=user.email, message="password_guessing", user=user, link=link
            )
            await session.commit()
