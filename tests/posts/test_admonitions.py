"""The titles of admonitions are in the language of the post, wherever it is shown."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Post, User
from tests.api.support import Client
from tests.support import Browser, change_site

BODY = "> [!WARNING]\n> Keep your distance."


async def test_titles_of_admonitions_follow_the_language_of_the_post_without_rendering(
    app: Broadside, db: AsyncSession, susans_browser: Browser, susan: User
) -> None:
    await change_site(app, languages=("en", "de", "fr"))
    page = await susans_browser.submit("/", {"body": BODY})
    address = page.headers["Location"]
    stored = await db.scalar(select(Post.body_html))
    await db.commit()

    async def change(of_post: str | None, of_author: str | None, of_site: str = "en") -> None:
        await db.execute(update(Post).values(language=of_post))
        await db.execute(update(User).values(language=of_author))
        await db.commit()
        await change_site(app, default_language=of_site)

    async with Browser(app) as stranger, Client(app) as client:
        for languages, title in (
            (("de-AT", "fr"), "Warnung"), ((None, "fr"), "Avertissement"),
            ((None, None, "de"), "Warnung"), (("ja", "fr"), "Warning"), ((None, None), "Warning"),
        ):  # fmt: skip
            await change(*languages)
            shown = f'class="admonition-title">{title}</p>'
            for place in ("/", address, "/user/susan"):
                assert shown in (await stranger.get(place)).text, (languages, place)
            assert shown in (await client.get("/posts/1")).json()["body_html"]
            assert f"&gt;{title}&lt;/p&gt;" in (await stranger.get("/feed.atom")).text
    assert await db.scalar(select(Post.body_html)) == stored
