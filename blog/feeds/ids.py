"""The ids in feeds.

A feed reader recognises an entry by its id, so the id must not change with the title, the slug or
the URL of the site (RFC 4287, 4.2.6). Each is a name-based UUID (RFC 9562, 5.5) in a namespace that
the site chose once (`blog.models.Site`).
"""

from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import current_app, look_up
from blog.models import Site

_SITE = select(Site.namespace, Site.created_at)
CACHE_KEY = "site facts"


class SiteFacts(NamedTuple):
    """The row of `Site`."""

    namespace: UUID
    created_at: datetime

    def id_of(self, *key: str | int) -> str:
        """The id of something, as a URI: `id_of("post", 7)`."""
        return uuid5(self.namespace, " ".join(map(str, key))).urn


async def this_site() -> SiteFacts:
    """Return the row of `Site`, which an application reads only once."""
    if (facts := current_app.extensions.get(CACHE_KEY)) is None:
        facts = current_app.extensions[CACHE_KEY] = await look_up(_read_site)
    return cast(SiteFacts, facts)


async def _read_site(session: AsyncSession) -> SiteFacts:
    return SiteFacts._make((await session.execute(_SITE)).one())
