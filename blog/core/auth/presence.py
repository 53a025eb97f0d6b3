"""When users were last seen, and how many were active on a day."""

from blog.core.db.touch import is_stale, touch
from blog.core.web.app import current_app
from blog.models import User


async def record_presence(account: User) -> None:
    """Record that a user is active, at most once a minute, and count the first time in a day."""
    if not is_stale(seen := account.last_seen_at):
        return
    async with current_app.database.reading_session() as session:
        is_first = await touch(session, User.last_seen_at, account.id)
    if is_first:
        current_app.counts.count_activity(account.created_at, seen)
