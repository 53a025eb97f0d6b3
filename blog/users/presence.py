"""When people were seen last."""

from blog.kit.noting import is_due, note_now
from blog.models import User
from blog.web.app import db


async def note_presence(account: User) -> None:
    """Write down that a person is here, at most once a minute."""
    if is_due(account.last_seen_at):
        await note_now(db(), User.last_seen_at, account.id)
