"""Load the tag of a request."""

from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import read
from blog.models import Tag
from blog.tags.queries import tag_at

NO_SUCH_TAG = lazy_gettext("No posts have this tag.")


async def addressed_tag(address: str) -> Tag:
    """The tag in a URL.

    Raises:
        NotFoundError: no public post has it.
    """
    if (tag := await read(tag_at, address)) is None:
        raise NotFoundError(NO_SUCH_TAG)
    return tag
