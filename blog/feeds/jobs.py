"""Telling a WebSub hub of changes (https://www.w3.org/TR/websub/), if the site has one.

How a publisher notifies its hub is not part of the specification; all hubs know the form of
PubSubHubbub 0.4, which is sent here.
"""

from sqlalchemy import select

from blog.core.jobs.kinds import JobKind, TryLaterError
from blog.core.jobs.running import RunningJob
from blog.core.web.app import current_app
from blog.core.web.fetching import FetchError, send_form
from blog.core.web.urls import external_url
from blog.feeds.responses import FORMS
from blog.models import User
from blog.models.account_deletion import not_deleted


async def ping_hub(job: RunningJob) -> None:
    """Tell the hub that the feeds of the site and of an author have changed."""
    settings = current_app.settings
    if settings.websub_hub is None:  # It was removed from the settings meanwhile.
        return
    author = select(User.username).where(User.id == job.payload["author_id"], not_deleted(User.id))
    async with job.database.reading_session() as session:
        username = await session.scalar(author)
    topics = [external_url("feeds.site", form=form) for form in FORMS]
    if username is not None:
        topics += [external_url("feeds.person", username=username, form=form) for form in FORMS]
    fields = [("hub.mode", "publish"), *(("hub.url", topic) for topic in topics)]
    try:
        await send_form(settings.websub_hub, f"Broadside (+{settings.base_url})", fields)
    except FetchError as error:
        raise TryLaterError(f"the WebSub hub: {error}") from None


PING_HUB = JobKind("ping_hub", ping_hub)
