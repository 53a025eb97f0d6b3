"""Uploaded avatars."""

import re
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Media
from tests.api.support import Client
from tests.jobs import do_job
from tests.media.corpus import BLUE, GREEN, RED, WHITE, animation, encoded, exif, picture
from tests.media.support import finish_jobs, served, stored_keys, upload, uploaded
from tests.support import Browser

AVATAR = re.compile(r'class="avatar[^"]*" src="(/media/[a-z2-7]{32}-\d+\.webp)"')


async def send_avatar(browser: Browser, content: bytes) -> int:
    token = await browser.token("/edit-profile")
    answer = await browser.post(
        "/edit-profile/avatar", data={"csrf_token": token}, files={"file": content}
    )
    return answer.status_code


async def test_an_avatar_is_a_square_in_the_middle_in_each_size(
    app: Broadside, susans: Client, susans_browser: Browser, browser: Browser
) -> None:
    content = encoded(picture(400, 200), "JPEG", exif=exif(6), quality=95)
    assert await send_avatar(susans_browser, content) == 302
    await finish_jobs(app)
    await susans.post("/posts/", json={"body": "A post."})
    shown = AVATAR.findall((await browser.get("/user/susan")).text)
    shown += AVATAR.findall((await browser.get("/")).text)
    assert [int(address[-8:-5].lstrip("-")) for address in shown] == [256, 128]
    for address in shown:
        image = (await served(susans, f"https://blog.test{address}")).convert("RGB")
        assert image.width == image.height == int(address[-8:-5].lstrip("-"))
        near, far = 5, image.width - 6
        corners = [image.getpixel((x, y)) for y in (near, far) for x in (near, far)]
        # The photo was held on its side.
        for corner, expected in zip(corners, (GREEN, RED, WHITE, BLUE), strict=True):
            assert isinstance(corner, tuple)
            assert all(abs(a - b) < 30 for a, b in zip(corner, expected, strict=True)), corners
    user = (await susans.get("/users/susan")).json()
    assert user["avatar_url"].startswith("https://blog.test/media/")


async def test_the_drawn_avatar_comes_back(
    app: Broadside, susans: Client, susans_browser: Browser
) -> None:
    assert "Remove picture" not in (await susans_browser.get("/edit-profile")).text
    await send_avatar(susans_browser, animation())
    await finish_jobs(app)
    assert AVATAR.search((await susans_browser.get("/user/susan")).text)
    await susans_browser.submit("/edit-profile/avatar/remove", page="/edit-profile")
    assert not AVATAR.search((await susans_browser.get("/user/susan")).text)
    await send_avatar(susans_browser, animation())
    await susans.delete("/media/1")
    assert not AVATAR.search((await susans_browser.get("/user/susan")).text)


async def test_an_avatar_is_kept_while_it_is_one(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await send_avatar(susans_browser, encoded(picture(), "PNG"))
    await finish_jobs(app)
    await db.execute(update(Media).values(created_at=now() - timedelta(days=8)))
    await db.commit()
    await do_job(app, "delete_unused_media")
    await finish_jobs(app)
    assert len(await stored_keys(app)) == 3
    await susans_browser.submit("/edit-profile/avatar/remove", page="/edit-profile")
    await do_job(app, "delete_unused_media")
    await finish_jobs(app)
    assert await stored_keys(app) == []


async def test_what_is_no_image_is_no_avatar(susans_browser: Browser) -> None:
    assert await send_avatar(susans_browser, b"no image") == 422
    page = await susans_browser.get("/user/susan")
    assert not AVATAR.search(page.text)


async def test_the_same_image_may_be_avatar_and_in_a_post(
    app: Broadside, susans: Client, susans_browser: Browser
) -> None:
    content = encoded(picture(600, 300), "PNG")
    await send_avatar(susans_browser, content)
    await susans.post("/media/", files={"file": content})
    await finish_jobs(app)
    widths = [
        [variant["width"] for variant in media["variants"]]
        for media in (await susans.get("/media/")).json()["media"]
    ]
    assert widths == [[480, 600], [64, 128, 256]]


async def avatar_url(client: Client) -> str:
    return str((await client.get("/me")).json()["avatar_url"])


async def test_the_api_takes_a_file_as_the_avatar_and_goes_back_to_the_drawn_one(
    app: Broadside, susans: Client
) -> None:
    drawn = await avatar_url(susans)
    file = {"file": ("me.png", encoded(picture(400, 200), "PNG"))}
    answer = await susans.put("/me/avatar", files=file)
    assert answer.status_code == 200
    assert answer.json()["avatar_url"] == await avatar_url(susans) != drawn
    assert answer.json()["username"] == "susan"
    await finish_jobs(app)
    image = await served(susans, answer.json()["avatar_url"])
    assert image.size == (128, 128)
    assert (await susans.delete("/me/avatar")).status_code == 204
    assert await avatar_url(susans) == drawn
    assert (await susans.delete("/me/avatar")).status_code == 204


async def test_the_api_takes_one_of_ones_images_as_the_avatar(
    app: Broadside, susans: Client, davids: Client
) -> None:
    made = await uploaded(app, susans, encoded(picture(400, 200), "PNG"))
    answer = await susans.put("/me/avatar", json={"media": made["id"]})
    assert answer.status_code == 200
    await finish_jobs(app)
    assert (await served(susans, answer.json()["avatar_url"])).size == (128, 128)
    # The image is no avatar itself, and may go.
    assert (await susans.delete(f"/media/{made['id']}")).status_code == 204
    assert await avatar_url(susans) == answer.json()["avatar_url"]
    others = await uploaded(app, davids, encoded(picture(20, 20), "PNG"))
    waiting = (await upload(susans, encoded(picture(30, 30), "PNG"))).json()
    for media in (waiting["id"], others["id"], 4711, "1", 0, None, 1.5):
        answer = await susans.put("/me/avatar", json={"media": media})
        assert answer.status_code == 422, media
        assert answer.json()["errors"][0]["field"] == "media"


async def test_the_api_refuses_what_is_no_avatar(susans: Client) -> None:
    assert (await susans.put("/me/avatar", files={"file": b"x"})).status_code == 422
    assert (await susans.put("/me/avatar", data={"x": "y"})).status_code == 422
    assert (await susans.put("/me/avatar", json={})).status_code == 422
    assert (await susans.put("/me/avatar", json=[])).status_code == 422
    large = await susans.put("/me/avatar", json={"media": 1, "x": "x" * 2**21})
    assert large.status_code == 413
