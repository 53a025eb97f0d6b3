"""Loading the user of a request by the username in its URL."""

from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import look_up
from blog.models import User
from blog.users.queries import user_by_username


async def person_called(username: str) -> User:
    """Load the user with this username, ignoring case; call this before the first use of `db()`.

    Raises:
        NotFoundError: there is no such user.
    """
    person = await look_up(user_by_username, username)
    if person is None:
        raise NotFoundError(_("There's no user called %(name)s.", name=username))
    return person
