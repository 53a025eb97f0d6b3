"""Warning the owner of an account about password guessing."""

from blog.accounts.queries import user_by_login
from blog.core.web.app import current_app
from blog.core.web.urls import external_url
from blog.mail import outbox


def warn_of_attempts(login: str) -> None:
    """Queue a mail to the owner of an account, if it exists.

    It is sent in the background, because its duration would reveal whether the account exists. One
    mail per day is sent (`blog.mail.outbox`); if the backlog is full, a later attempt sends it.

    Args:
        login: the e-mail address or username that was entered.
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
