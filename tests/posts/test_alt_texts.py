"""The question for alternative texts before a post is published."""

import html
import re

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Media, Post, PostStatus
from blog.posts.alt_texts import add_alt_texts
from tests.api.support import Client, add_token
from tests.media.corpus import encoded, picture
from tests.media.support import upload
from tests.posts.test_editor import TOMORROW, saved, send, the_post
from tests.support import Browser

NAME = "a" * 32
QUESTION = "Describe your image"


@pytest.fixture
async def image(app: Broadside, susan: object) -> dict[str, str]:
    """An image of Susan's without a text: its id, and its name."""
    async with Client(app, token=await add_token(app, susan)) as client:  # type: ignore[arg-type]
        made = (await upload(client, encoded(picture(60, 30), "PNG"))).json()
    return {"id": str(made["id"]), "name": made["image_url"].rpartition("/")[2].partition("-")[0]}


def fields_of(page: Response) -> dict[str, str]:
    """The fields of the question, as they are sent."""
    form = page.text.partition('class="alt-texts"')[2].partition("</form>")[0]
    inputs = re.findall(r"<input[^>]*>", form)
    found = {}
    for tag in inputs:
        name, value = (re.search(f' {each}="([^"]*)"', tag) for each in ("name", "value"))
        if name and 'type="checkbox"' not in tag:
            found[name[1]] = html.unescape(value[1] if value else "")
    return found


async def asked(browser: Browser, image: dict[str, str], button: str = "publish") -> Response:
    """A new post with that image is to be published."""
    text = f"Look:\n\n![](/media/{image['name']})"
    answer = await send(
        browser, "/write", button, title="The tram", body=text, tags="trams",
        scheduled_for=TOMORROW, time_zone="UTC",
    ) if button == "schedule" else await send(
        browser, "/write", button, title="The tram", body=text, tags="trams"
    )  # fmt: skip
    assert answer.status_code == 200
    assert QUESTION in answer.text
    return answer


async def answered(browser: Browser, page: Response, **fields: str) -> Response:
    return await browser.post("/write", data=fields_of(page) | fields)


async def test_an_image_without_a_text_is_asked_about_and_gets_it(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession
) -> None:
    page = await asked(susans_browser, image)
    assert await db.get(Post, 1) is None
    answer = await answered(
        susans_browser, page, **{f"alt-{image['name']}": 'A "tram" [28] & \\more'}
    )
    assert answer.headers["location"] == "/post/1/the-tram"
    post = await the_post(db)
    assert (post.status, post.title, post.tags) == (PostStatus.PUBLISHED, "The tram", ["trams"])
    shown = re.findall(r'alt="([^"]*)"', post.body_html)
    assert [html.unescape(text) for text in shown] == ['A "tram" [28] & \\more']


@pytest.mark.parametrize("choice", ["decorative", "anyway"])
async def test_an_image_may_stay_without_a_text(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession, choice: str
) -> None:
    page = await asked(susans_browser, image)
    fields = {"anyway": "true"} if choice == "anyway" else {f"decorative-{image['name']}": "true"}
    assert (await answered(susans_browser, page, **fields)).status_code == 302
    post = await the_post(db)
    assert 'alt=""' in post.body_html
    # It is not asked again about what readers see already.
    answer = await send(susans_browser, "/edit/1", "publish", body=post.body + "\n\nMore.")
    assert answer.status_code == 302


async def test_no_answer_is_asked_for_again_beside_the_field(
    susans_browser: Browser, image: dict[str, str]
) -> None:
    page = await asked(susans_browser, image)
    name = f"alt-{image['name']}"
    for text, words in ((" ", "Please describe the image"), ("x" * 1001, "at most 1,000")):
        again = await answered(susans_browser, page, **{name: text})
        assert again.status_code == 422
        assert words in again.text.partition(f'id="{name}-error"')[2].partition("</p>")[0]
        assert fields_of(again)["title"] == "The tram"


async def test_one_goes_back_to_the_text_without_losing_it(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession
) -> None:
    page = await asked(susans_browser, image)
    answer = await answered(susans_browser, page, preview="true")
    assert 'class="editor-form"' in answer.text
    assert f"![](/media/{image['name']})" in answer.text
    assert await db.get(Post, 1) is None


async def test_a_scheduled_post_is_asked_about_when_it_is_scheduled_and_not_again(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession
) -> None:
    page = await asked(susans_browser, image, "schedule")
    assert (await answered(susans_browser, page, anyway="true")).status_code == 302
    assert (await the_post(db)).status == PostStatus.SCHEDULED
    answer = await susans_browser.submit(
        "/post/1/state", {"status": "published"}, page="/post/1/the-tram"
    )
    assert answer.status_code == 302
    assert (await the_post(db)).status == PostStatus.PUBLISHED


async def test_publishing_a_draft_on_its_page_asks_as_well(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession
) -> None:
    await saved(susans_browser, body=f"![](/media/{image['name']})")
    page = await susans_browser.submit(
        "/post/1/state", {"status": "published"}, page="/post/1/the-tram"
    )
    assert QUESTION in page.text
    answer = await susans_browser.post(
        "/edit/1", data=fields_of(page) | {f"alt-{image['name']}": "A tram"}
    )
    assert answer.headers["location"] == "/post/1/the-tram"
    assert (await the_post(db)).body == f"![A tram](/media/{image['name']})"


async def test_a_cover_is_asked_about_and_its_text_kept_with_the_image(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession
) -> None:
    page = await send(
        susans_browser, "/write", "publish", title="The tram", body="It comes.", cover=image["id"]
    )
    assert "Alt text for the cover" in page.text
    again = await answered(susans_browser, page, **{"alt-cover": ""})
    assert again.status_code == 422
    answer = await answered(susans_browser, page, **{"alt-cover": "A tram"})
    assert answer.status_code == 302
    assert (await db.get_one(Media, int(image["id"]))).alt == "A tram"
    cover = (await the_post(db)).cover
    assert cover and cover.alt == "A tram"


async def test_a_note_with_an_image_is_asked_about_too(
    susans_browser: Browser, image: dict[str, str], db: AsyncSession
) -> None:
    page = await susans_browser.submit("/", {"body": f"![](/media/{image['name']})"})
    assert QUESTION in page.text
    name = f"alt-{image['name']}"
    answer = await susans_browser.post("/", data=fields_of(page) | {name: "A tram"})
    assert answer.status_code == 302
    assert (await the_post(db)).body == f"![A tram](/media/{image['name']})"


async def test_saving_a_draft_and_the_api_ask_nothing(
    app: Broadside, susan: object, susans_browser: Browser, image: dict[str, str]
) -> None:
    body = f"![](/media/{image['name']})"
    await saved(susans_browser, body=body)
    async with Client(app, token=await add_token(app, susan)) as client:  # type: ignore[arg-type]
        assert (await client.post("/posts/", json={"body": body})).status_code == 201


def test_texts_are_put_where_the_images_are() -> None:
    other = f"![a](/media/{NAME}) ![](/media/{'b' * 32})"
    body = f"![](/media/{NAME})\n![ ]( </media/{NAME}> 'x')\n{other}"
    text = r"![\\1 \[x\]]"
    assert add_alt_texts(body, {NAME: r"\1 [x]"}) == (
        f"{text}(/media/{NAME})\n{text}( </media/{NAME}> 'x')\n{other}"
    )


def test_texts_are_put_where_an_image_is_named_by_a_label() -> None:
    body = f"![][Tram] ![ ][bus] ![Mine][tram]\n\n[tram]: /media/{NAME}\n[bus]: /media/{'b' * 32}"
    assert add_alt_texts(body, {NAME: "A tram"}) == body.replace("![][Tram]", "![A tram][Tram]")


def test_what_is_code_stays_as_it_is() -> None:
    image = f"![](/media/{NAME})"
    body = f"`{image}`\n\n```\n{image}\n```\n\na ` b {image}\n\n` c"
    filled = body.replace(f"b {image}", f"b {image.replace('![]', '![A tram]')}")
    assert add_alt_texts(body, {NAME: "A tram"}) == filled
