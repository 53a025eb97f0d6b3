"""Looking up people for the renderer of texts."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select

from blog.core.db.database import Database
from blog.core.text.syntax.mentions import People
from blog.models import User
from blog.models.account_deletion import not_deleted

_NAMED = select(User.username).where(
    func.lower(User.username) == any_(bindparam("names", type_=ARRAY(Text))), not_deleted(User.id)
)


def people_finder(database: Database) -> Callable[[Sequence[str]], Awaitable[People]]:
    """Build the function that looks up the people that a text mentions."""

    async def find(names: Sequence[str]) -> People:
        async with database.reading_session() as session:
            found = await session.scalars(_NAMED, {"names": list(names)})
            return {username.lower(): username for username in found}

    return find
