"""When people were seen last."""

from blog.core.db.touch import is_due, note_now
from blog.core.web.app import current_app
from blog.models import User


async def note_presence(account: User) -> None:
    """Write down that a person is here, at most once a minute."""
    if is_due(account.last_seen_at):
        async with current_app.database.warm_sessions.session() as session:
            await note_now(session, User.last_seen_at, account.id)
