"""Cover images of posts."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.web.app import Broadside
from blog.models import HeldItem, HeldKind, Media, MediaFile, Post, PostDraft, User
from settings import Settings
from tests.accounts.deletions import finish_deletions, leave
from tests.api.support import Client
from tests.jobs import do_job
from tests.media.corpus import encoded, picture
from tests.media.support import finish_jobs, uploaded
from tests.media.test_in_posts import grow_old
from tests.posts.test_editor import saved, send, the_post, values
from tests.support import Browser, add_user

ARTICLE = {"title": "The tram", "body": "It *never* comes."}


async def covered(app: Broadside, client: Client, **fields: Any) -> tuple[dict[str, Any], Any]:
    """A published post with a cover, and its image."""
    made = await uploaded(app, client, encoded(picture(600, 300), "JPEG"), alt="A tram")
    answer = await client.post("/posts/", json=ARTICLE | {"cover": made["id"]} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json(), made


async def test_a_cover_is_shown_large_on_the_post_and_small_in_lists(
    app: Broadside, susans: Client, browser: Browser
) -> None:
    post, made = await covered(app, susans)
    name = made["image_url"].rpartition("/")[2].partition("-")[0]
    page = (await browser.get("/post/1/the-tram")).text
    [image] = re.findall(f"<img [^>]*{name}[^>]*>", page)
    assert f'srcset="/media/{name}-480.webp 480w, /media/{name}-600.webp 600w"' in image
    assert 'width="600" height="300"' in image
    assert 'alt="A tram"' in image
    assert 'class="tint-' in image
    assert "lazy" not in image
    for address in ("/", "/user/susan"):
        page = (await browser.get(address)).text
        [image] = re.findall(f"<img [^>]*{name}[^>]*>", page)
        assert f'src="/media/{name}-480.webp" width="480" height="240" loading="lazy"' in image
    assert post["cover"] == {
        "id": made["id"], "url": made["image_url"], "width": 600, "height": 300,
        "alt": "A tram", "colour": made["colour"], "variants": made["variants"],
    }  # fmt: skip


async def test_the_api_sets_changes_and_removes_a_cover(app: Broadside, susans: Client) -> None:
    _, made = await covered(app, susans)
    other = await uploaded(app, susans, encoded(picture(20, 20), "PNG"))
    changed = await susans.patch("/posts/1", json={"cover": other["id"]})
    assert changed.json()["cover"]["id"] == other["id"]
    assert changed.json()["edited_at"] is None
    kept = await susans.put("/posts/1", json={"body": "It comes."})
    assert kept.json()["cover"]["id"] == other["id"]
    listed = (await susans.get("/posts/?fields=cover")).json()["posts"]
    assert listed[0]["cover"]["alt"] == ""
    put = await susans.put("/posts/1", json={"body": "It comes.", "cover": made["id"]})
    assert put.json()["cover"]["id"] == made["id"]
    removed = await susans.patch("/posts/1", json={"cover": None})
    assert removed.json()["cover"] is None
    draft = await susans.post("/posts/", json=ARTICLE | {"status": "draft", "cover": made["id"]})
    assert draft.json()["cover"]["id"] == made["id"]
    [of_list] = (await susans.get("/me/drafts/")).json()["posts"]
    assert of_list["cover"] == draft.json()["cover"]


@pytest.mark.parametrize("value", ["1", 0, -1, 2**63, 1.5, True, [], {}, "none"])
async def test_the_api_refuses_what_is_no_image(susans: Client, value: object) -> None:
    answer = await susans.post("/posts/", json=ARTICLE | {"cover": value})
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["cover"]


async def test_the_api_takes_an_id_with_a_zero_fraction_as_json_schema_does(
    app: Broadside, susans: Client
) -> None:
    _, made = await covered(app, susans)
    number = float(made["id"])
    answer = await susans.post("/posts/", json=ARTICLE | {"cover": number})
    assert answer.json()["cover"]["id"] == made["id"]
    assert (await susans.put("/me/avatar", json={"media": number})).status_code == 200


async def test_only_ones_own_image_can_be_a_cover(
    app: Broadside, susans: Client, davids: Client
) -> None:
    post, _ = await covered(app, susans)
    other = await uploaded(app, davids, encoded(picture(20, 20), "PNG"))
    for answer in (
        await susans.post("/posts/", json=ARTICLE | {"cover": other["id"]}),
        await susans.post("/posts/", json=ARTICLE | {"cover": 999}),
        await susans.patch("/posts/1", json={"cover": other["id"]}),
    ):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "cover"
    assert (await susans.get("/posts/1")).json() == post


async def test_a_post_whose_image_is_deleted_has_no_cover(
    app: Broadside, susans: Client, browser: Browser
) -> None:
    post, made = await covered(app, susans)
    assert "/media/" in (await browser.get("/")).text
    assert (await susans.delete(f"/media/{made['id']}")).status_code == 204
    assert (await susans.get("/posts/1")).json() == post | {"cover": None}
    assert "/media/" not in (await browser.get("/")).text


async def test_an_image_that_could_not_be_processed_is_no_cover(
    app: Broadside, susans: Client, browser: Browser, db: AsyncSession
) -> None:
    await covered(app, susans)
    await db.execute(update(MediaFile).values(state="failed"))
    await db.commit()
    assert (await susans.get("/posts/1")).json()["cover"] is None
    assert "/media/" not in (await browser.get("/post/1/the-tram")).text


async def test_covers_of_posts_and_of_changes_that_wait_are_not_deleted_as_unused(
    app: Broadside, susan: User, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    _, first = await covered(app, susans)
    second = await uploaded(app, susans, encoded(picture(20, 20), "PNG"))
    third = await uploaded(app, susans, encoded(picture(30, 30), "PNG"))
    unused = await uploaded(app, susans, encoded(picture(40, 40), "PNG"))
    held = [await uploaded(app, susans, encoded(picture(50 + n, 50), "PNG")) for n in range(2)]
    body = f"It comes. {third['markdown']}"
    await send(susans_browser, "/edit/1", "save", cover=str(second["id"]), body=body)
    changes = {"cover": held[0]["id"], "body": held[1]["markdown"]}
    db.add(
        HeldItem(
            kind=HeldKind.EDIT, author_id=susan.id, post_id=1, payload=changes, reasons=[],
            digest="0" * 64, version=1,
        )
    )  # fmt: skip
    await grow_old(db)
    await do_job(app, "delete_unused_media")
    left = {each["id"] for each in (await susans.get("/media/")).json()["media"]}
    assert left == {first["id"], second["id"], third["id"], *(each["id"] for each in held)}
    assert unused["id"] not in left


async def test_an_image_that_becomes_a_cover_at_that_moment_is_not_deleted(
    app: Broadside, susan: User, susans: Client, db: AsyncSession
) -> None:
    made = await uploaded(app, susans, encoded(picture(10, 10), "PNG"))
    await susans.post("/posts/", json=ARTICLE)
    await grow_old(db)
    # An open transaction that holds what `lock_cover` locks.
    for table in ("media_files", "media"):
        await db.execute(text(f"SELECT FROM {table} FOR KEY SHARE"))
    await db.execute(update(Post).values(cover_id=made["id"]))
    await asyncio.wait_for(do_job(app, "delete_unused_media"), 20)
    await db.commit()
    await do_job(app, "delete_unused_media")
    assert (await susans.get("/posts/1")).json()["cover"]["id"] == made["id"]


async def test_deleting_an_image_and_choosing_it_at_the_same_moment_ends_well(
    app: Broadside, susans: Client, db: AsyncSession
) -> None:
    for turn in range(10):
        made = await uploaded(app, susans, encoded(picture(10 + turn, 10), "PNG"))
        post = (await susans.post("/posts/", json=ARTICLE)).json()
        answers = await asyncio.gather(
            susans.patch(post["url"], json={"cover": made["id"]}),
            susans.delete(f"/media/{made['id']}"),
        )
        assert answers[0].status_code in {200, 422}
        assert answers[1].status_code == 204
    assert (await db.scalars(select(Post.cover_id).distinct())).all() == [None]


async def test_a_deleted_account_takes_its_covers_along(
    app: Broadside, susan: User, susans: Client, db: AsyncSession
) -> None:
    await covered(app, susans)
    await leave(app, susan)
    await finish_deletions(app)
    await finish_jobs(app)
    assert (await db.scalars(select(Media))).all() == []


async def test_covers_of_a_cdn_are_linked_there(
    make_settings: Callable[..., Settings], app: Broadside, susans: Client
) -> None:
    await covered(app, susans)
    other = create_app(make_settings(media_url="https://cdn.example.com"))
    async with other.test_app(), Browser(other) as visitor:
        for address in ("/", "/post/1/the-tram"):
            assert 'src="https://cdn.example.com/media/' in (await visitor.get(address)).text


async def test_the_editor_offers_ones_images_and_saves_the_choice(
    app: Broadside, susans: Client, davids: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    first = await uploaded(app, susans, encoded(picture(10, 10), "PNG"), alt="A tram")
    for number in range(12):
        content = encoded(picture(20 + number, 20), "PNG")
        newest = await uploaded(app, susans, content, alt="A flag")
    others = await uploaded(app, davids, encoded(picture(99, 10), "PNG"))
    address = await saved(susans_browser, cover=str(first["id"]))
    assert (await the_post(db)).cover_id == first["id"]
    page = (await susans_browser.get(address)).text
    offered = re.findall(r'name="cover" value="(\d*)"( checked)?', page)
    assert (str(first["id"]), " checked") in offered
    assert (str(newest["id"]), "") in offered
    assert len(offered) == 13
    assert str(others["id"]) not in dict(offered)
    assert 'alt="A tram"' in page
    await send(susans_browser, address, "publish", cover=str(newest["id"]))
    assert (await the_post(db)).cover_id == newest["id"]
    # Unpublished changes are readers' only when they are published.
    await send(susans_browser, address, "save", cover="")
    assert (await the_post(db)).cover_id == newest["id"]
    assert re.findall(r'name="cover" value="" checked', (await susans_browser.get(address)).text)
    await send(susans_browser, address, "publish", cover="")
    assert (await the_post(db)).cover_id is None


@pytest.mark.parametrize("value", ["999", "-1", "x", "9" * 40, "1 OR 1"])
async def test_the_editor_says_what_is_wrong_with_a_cover_and_keeps_the_rest(
    susans_browser: Browser, value: str
) -> None:
    answer = await send(
        susans_browser, "/write", "publish", title="The tram", body="It *comes*.", cover=value
    )
    assert answer.status_code == 422
    assert 'id="cover-error"' in answer.text
    assert values(answer)["body"] == "It *comes*."


async def test_a_draft_is_saved_although_its_new_cover_is_gone(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = values(await susans_browser.get("/write")) | {"body": "It *comes*.", "cover": "999"}
    answer = await susans_browser.post(
        "/write/autosave", data=form, headers={"Accept": "application/json"}
    )
    assert answer.json()["errors"].keys() == {"cover"}
    assert (await the_post(db)).body == "It *comes*."


async def test_a_cover_is_uploaded_and_chosen_on_a_page_of_its_own(
    app: Broadside, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    other = await uploaded(app, susans, encoded(picture(10, 10), "PNG"), alt="Another")
    answer = await send(
        susans_browser, "/write", "choose_cover", title="The tram", body="It *comes*."
    )
    address = answer.headers["location"]
    assert address == "/edit/1/cover"
    token = await susans_browser.token(address)
    file = {"file": ("tram.png", encoded(picture(60, 30), "PNG"))}
    answer = await susans_browser.post(
        f"{address}/upload", data={"csrf_token": token, "alt": "A tram"}, files=file
    )
    assert answer.headers["location"] == "/edit/1"
    post = await the_post(db)
    first = post.cover_id
    assert (post.body, post.cover.alt if post.cover else None) == ("It *comes*.", "A tram")
    await susans_browser.submit(f"{address}/{other['id']}", {}, page=address)
    assert (await the_post(db)).cover_id == other["id"]
    # Of a published post it goes into the working copy.
    await send(susans_browser, "/edit/1", "publish")
    assert (await the_post(db)).cover_id == other["id"]
    answer = await send(susans_browser, "/edit/1", "choose_cover", body="It *never* comes.")
    assert answer.headers["location"] == address
    await susans_browser.submit(f"{address}/{first}", {}, page=address)
    copy = (await db.scalars(select(PostDraft))).one()
    assert copy.fields["body"] == "It *never* comes."
    assert copy.fields["cover"] == str(first)


async def test_a_file_that_is_no_image_is_refused_on_the_page_of_covers(
    susans_browser: Browser,
) -> None:
    await saved(susans_browser)
    token = await susans_browser.token("/edit/1/cover")
    answer = await susans_browser.post(
        "/edit/1/cover/upload",
        data={"csrf_token": token, "alt": "A tram"},
        files={"file": ("tram.png", b"GIF")},
    )
    assert answer.status_code == 422
    assert "a supported image" in answer.text
    assert "A tram" in answer.text


async def test_an_administrator_keeps_or_removes_the_cover_of_anothers_post(
    app: Broadside, susans: Client, db: AsyncSession
) -> None:
    _, made = await covered(app, susans)
    unused = await uploaded(app, susans, encoded(picture(10, 10), "PNG"))
    await add_user(app, "maud", role="Administrator")
    async with Browser(app) as mauds_browser:
        await mauds_browser.log_in("maud")
        offered = re.findall(
            r'name="cover" value="(\d*)"', (await mauds_browser.get("/edit/1")).text
        )
        assert offered == ["", str(made["id"])]
        assert (await mauds_browser.get("/edit/1/cover")).status_code == 403
        token = await mauds_browser.token("/edit/1")
        answer = await mauds_browser.post(
            f"/edit/1/cover/{unused['id']}", data={"csrf_token": token}
        )
        assert answer.status_code == 403
        answer = await send(mauds_browser, "/edit/1", "publish", cover=str(unused["id"]))
        assert answer.status_code == 422
        assert "Only the author can choose a cover" in answer.text
        assert unused["image_url"].rpartition("/")[2] not in answer.text
        await send(mauds_browser, "/edit/1", "publish", cover=str(made["id"]), body="Edited.")
        assert (await the_post(db)).cover_id == made["id"]
        await send(mauds_browser, "/edit/1", "publish", cover="", body="Edited.")
    assert (await the_post(db)).cover_id is None
