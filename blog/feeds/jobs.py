"""Notify a WebSub hub of changes (https://www.w3.org/TR/websub/), if the site has one.

The specification doesn't say how a publisher notifies its hub; all hubs support the form of
PubSubHubbub 0.4, which is used here.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.kinds import JobKind, TryLaterError
from blog.core.jobs.running import RunningJob
from blog.core.text.tags import address_of_tag
from blog.core.web.app import current_app
from blog.core.web.fetching import FetchError, send_form
from blog.core.web.urls import external_url
from blog.feeds.responses import FORMS
from blog.models import Tag, User
from blog.models.account_deletion import not_deleted


async def ping_hub(job: RunningJob) -> None:
    """Notify the hub of changes to the feeds of an author and the site, or of a tag."""
    settings = current_app.settings
    if settings.websub_hub is None:  # The setting was removed in the meantime.
        return
    async with job.database.reading_session() as session:
        topics = await _topics(session, job.payload)
    if not topics:
        return
    fields = [("hub.mode", "publish"), *(("hub.url", topic) for topic in topics)]
    try:
        await send_form(settings.websub_hub, f"Broadside (+{settings.base_url})", fields)
    except FetchError as error:
        raise TryLaterError(f"the WebSub hub: {error}") from None


async def _topics(session: AsyncSession, about: Mapping[str, int]) -> list[str]:
    """The URLs of the feeds."""
    if "tag_id" in about:
        shown = select(Tag.name).where(Tag.id == about["tag_id"], Tag.blocked_at.is_(None))
        name = await session.scalar(shown)
        tag = None if name is None else address_of_tag(name)
        return [external_url("feeds.tag", tag=tag, form=form) for form in FORMS if tag]
    author = select(User.username).where(User.id == about["author_id"], not_deleted(User.id))
    username = await session.scalar(author)
    topics = [external_url("feeds.site", form=form) for form in FORMS]
    if username is not None:
        topics += [external_url("feeds.person", username=username, form=form) for form in FORMS]
    return topics


PING_HUB = JobKind("ping_hub", ping_hub)
