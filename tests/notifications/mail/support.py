"""What tests of notifications by mail act with."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from unittest.mock import patch

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Email
from blog.notifications.mail import at_once, digests, preferences
from tests.jobs import do_job
from tests.support import Browser, outbox

SETTINGS = "/auth/notifications"
DEFAULTS = {
    "comment": "at_once", "reply": "at_once", "mention": "at_once", "like": "digest",
    "follow": "digest", "post": "digest", "digest": "daily", "weekday": "0", "hour": "8",
    "time_zone": "UTC",
}  # fmt: skip


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let what is mailed be decided at a moment."""
    with ExitStack() as stack:
        for module in (at_once, digests, preferences):
            stack.enter_context(patch.object(module, "now", lambda: moment))
        yield


async def mail_all(app: Broadside, moment: datetime | None = None) -> list[Email]:
    """Run the job; returns the notifications and digests in the outbox, the oldest first."""
    with at(moment or now()):
        await do_job(app, "mail_notifications")
    return [mail for mail in await outbox(app) if mail.purpose in {"notification", "digest"}]


async def choose(browser: Browser, **choices: str) -> None:
    """Send the form of the settings; what is left out has its default, but a daily digest."""
    answer = await browser.submit(SETTINGS, DEFAULTS | choices)
    assert answer.status_code == 302, answer.text
