"""The ids in feeds.

A feed reader shows an entry once by its id, so it must not change with the title, the slug or the
address of the site (RFC 4287, 4.2.6). Each is a UUID (RFC 9562, 5.5) made of what it stands for, in
a namespace that the site has chosen once (`blog.models.Site`).
"""

from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import current_app, look_up
from blog.models import Site

_SITE = select(Site.namespace, Site.created_at)
KEPT = "site facts"


class SiteFacts(NamedTuple):
    """The row of `Site`."""

    namespace: UUID
    created_at: datetime

    def id_of(self, *key: str | int) -> str:
        """The id of something, as a URI: `id_of("post", 7)`."""
        return uuid5(self.namespace, " ".join(map(str, key))).urn


async def this_site() -> SiteFacts:
    """The row of `Site`, which an application reads once."""
    if (kept := current_app.extensions.get(KEPT)) is None:
        kept = current_app.extensions[KEPT] = await look_up(_read_site)
    return cast(SiteFacts, kept)


async def _read_site(session: AsyncSession) -> SiteFacts:
    return SiteFacts._make((await session.execute(_SITE)).one())
