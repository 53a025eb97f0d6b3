"""When people were seen last."""

from quart import Quart

from blog.accounts.identity import current_user
from blog.kit.noting import is_due, note_now
from blog.models import User
from blog.web.app import db


async def note_presence() -> None:
    """Before a request: write down that the person is here, at most once a minute."""
    account = current_user.account
    if account is not None and is_due(account.last_seen_at):
        await note_now(db(), User.last_seen_at, account.id)


def init_app(app: Quart) -> None:
    """Let `app` notice people, once it knows who is asking."""
    app.before_request(note_presence)
