"""What the renderer of posts has to know of images."""

from collections.abc import Awaitable, Callable, Sequence

from blog.core.db.database import Database
from blog.core.text.images import ImageFacts, Images
from blog.media import queries


def image_finder(database: Database, media_url: str | None) -> Callable[..., Awaitable[Images]]:
    """Make the function that looks up images for a renderer.

    A post may show any image of the site, not only its author's: the name is a digest of the
    content, so anybody who knows the name has the image, and could upload it as well. So the image
    stays when somebody else edits the post.

    Args:
        database: where they are.
        media_url: where they are served, if not by the site.
    """

    async def find(names: Sequence[str]) -> Images:
        async with database.reading_session() as session:
            found = await queries.facts_of(session, list(names))
        base = media_url or ""
        return {
            file.name: ImageFacts(base=base, colour=file.colour, variants=file.variants)
            for file in found
        }

    return find
