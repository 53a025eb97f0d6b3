"""Looking up images for the renderer of posts."""

from collections.abc import Awaitable, Callable, Sequence

from blog.core.db.database import Database
from blog.core.text.images import ImageFacts, Images
from blog.media import queries


def image_finder(database: Database, media_url: str | None) -> Callable[..., Awaitable[Images]]:
    """Build the function that looks up images for a renderer.

    A post may show any image of the site, not only its author's: the name is a digest of the
    content, so anyone who knows the name has the image, and could upload it as well. So the image
    stays when another person edits the post.

    Args:
        database: the database with the images.
        media_url: the base URL of the images, if the site doesn't serve them.
    """

    async def find(names: Sequence[str]) -> Images:
        async with database.reading_session() as session:
            found = await queries.files_by_name(session, list(names))
        base = media_url or ""
        return {
            file.name: ImageFacts(base=base, colour=file.colour, variants=file.variants)
            for file in found
        }

    return find
