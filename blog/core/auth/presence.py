"""When users were last seen."""

from blog.core.db.touch import is_stale, touch
from blog.core.web.app import current_app
from blog.models import User


async def note_presence(account: User) -> None:
    """Record that a user is active, at most once a minute."""
    if is_stale(account.last_seen_at):
        async with current_app.database.reading_session() as session:
            await touch(session, User.last_seen_at, account.id)
